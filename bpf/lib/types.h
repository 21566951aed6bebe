/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What the algorithms of this directory are written in, so that the same lines compile
 * into a BPF program, into the kernel module, and on a host for its tests: the integer
 * types, and how to reach memory that need not be aligned.
 */
#ifndef ASSAY_LIB_TYPES_H
#define ASSAY_LIB_TYPES_H

#if defined(__KERNEL__)
#include <linux/types.h>
#include <linux/string.h>
#elif defined(__bpf__)
#include "../include/base.h"
#else
#include <stdint.h>
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t __s64;
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Numbers in host order from, and to, any address. */
static __always_inline __u16 load16(const void *p)
{
	__u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __always_inline __u32 load32(const void *p)
{
	__u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __always_inline __u64 load64(const void *p)
{
	__u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* Tells a compiler that a loop is to be unrolled, whichever compiler it is. */
#if defined(__clang__)
#define unroll _Pragma("unroll")
#else
#define unroll _Pragma("GCC unroll 32")
#endif

#endif
