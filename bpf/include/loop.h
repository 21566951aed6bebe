/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Loops that the verifier need not unroll. UAPI, <linux/bpf.h>. */
#ifndef ASSAY_LOOP_H
#define ASSAY_LOOP_H

#include "base.h"

/*
 * Calls step(i, context) for i in 0..n-1 until it returns other than 0. Returns how
 * often it did, or a negative errno. flags must be 0. Linux 5.17.
 */
static long (*bpf_loop)(__u32 n, void *step, void *context, __u64 flags) = (void *)181;

#endif
