/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What every BPF program here starts with: integer types, sections, map
 * declarations and byte order.
 *
 * These few lines stand in for the kernel and libbpf headers of the
 * compiling host: an object must not depend on which headers its builder happened
 * to have installed, or nobody could check that a committed object is what
 * its source says.
 */
#ifndef ASSAY_BASE_H
#define ASSAY_BASE_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;

/* Network byte order; the names are the kernel's. */
typedef __u16 __be16;
typedef __u32 __be32;

#define SEC(name) __attribute__((section(name), used))

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))

/* Members of a map declared in SEC(".maps"); the loader reads their types. */
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define bpf_htons(x) ((__be16)__builtin_bswap16(x))
#else
#define bpf_htons(x) ((__be16)(x))
#endif
#define bpf_ntohs(x) bpf_htons(x)

#endif
