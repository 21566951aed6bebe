/* SPDX-License-Identifier: GPL-2.0 */
/* Spells the plumbing of kfuncs alike on Linux 6.1 and later. */
#ifndef ENETSTL_COMPAT_H
#define ENETSTL_COMPAT_H

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) /* 5f60d5f6bbc1 */
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifndef __bpf_kfunc /* Linux 6.3, 57e7c169cd6a */
#define __bpf_kfunc __used noinline
#endif

#ifndef BTF_KFUNCS_START /* Linux 6.9, 6f3189f38a3e; from there on the only way */
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif

#ifndef KF_TRUSTED_ARGS /* gone in Linux 7.0: now all arguments are */
#define KF_TRUSTED_ARGS 0
#endif

/*
 * A destructor is only ever called through the id in BTF, which objtool does not
 * see; without this it would seal the function against indirect calls (IBT).
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <linux/cfi.h>
#endif
#ifndef CFI_NOSEAL /* Linux 6.9, e9d13b9d2f99 */
#include <asm/ibt.h>
#define CFI_NOSEAL(name) IBT_NOSEAL(name)
#endif
#ifndef IBT_NOSEAL /* Linux 6.3: there is no sealing before 6.2 */
#define IBT_NOSEAL(name)
#endif

#endif
