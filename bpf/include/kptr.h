/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Pointers to objects of the kernel, or of a module, kept in map values, and the helper
 * that exchanges them. UAPI, <linux/bpf.h>.
 */
#ifndef ASSAY_KPTR_H
#define ASSAY_KPTR_H

#include "base.h"

/*
 * Marks a pointer in a map value that owns a reference. Before Linux 6.4, 03b77e17aeb2,
 * the tag was "kptr_ref" and "kptr" meant something else; loaders rewrite it, see
 * ref/internal/kfunc.
 */
#define __kptr __attribute__((btf_type_tag("kptr")))

/* Puts an object, or NULL, into a slot and returns what was there. Linux 5.19. */
static void *(*bpf_kptr_xchg)(void *slot, void *object) = (void *)194;

#endif
