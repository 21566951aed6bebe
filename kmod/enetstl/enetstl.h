/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * eNetSTL: a library for network functions in BPF, as kernel functions (kfuncs).
 *
 * This header states every kfunc once, for both sides: the module implements what
 * a program calls. Programs include it after base.h:
 *
 *	#include "../kmod/enetstl/enetstl.h"
 *
 * and load only where the module is loaded. With EN_WEAK defined before, they load
 * everywhere and test a function's address before the first call.
 *
 * Conventions
 *
 * - BUF, BUF__sz: a buffer and its size in bytes, on the stack, in a map value or in
 *   a packet. The verifier sees to it that it is there; sizes that make no sense
 *   are refused with -EINVAL. It wants buffers initialised and writable, even those
 *   that are only read: no .rodata.
 * - Results: 0 or more is success, negative is -errno, unless stated.
 * - A function takes at most one kptr, since Linux 6.1 allows no more. Its verifier
 *   also wants a kptr to be tested for NULL once only, right after the call that
 *   returned it: at a second test it takes the reference for leaked.
 * - Contexts: XDP, sched_cls, syscall and tracing programs, on any CPU, in any
 *   context, NMI included. Those marked "sleepable" allocate memory and are only for
 *   sleepable syscall programs. What takes a lock says so: it fails with -EBUSY (or
 *   NULL) in a program that interrupted, on the same CPU, another one inside the
 *   library: a tracing program on what the library calls, or one in NMI.
 * - Cost: instructions of the function on x86-64, without the program's call (some 5)
 *   and without buffers' cache misses, as counted by QEMU on Linux 6.12; n is the
 *   number of bytes or elements, h of hops. "assay enetstl bench" counts them again.
 *
 * Constants, layouts and meanings in this file are the module's ABI.
 */
#ifndef ENETSTL_H
#define ENETSTL_H

#ifdef __KERNEL__
#include <linux/types.h>
#define EN_KSYM
#elif defined(EN_WEAK)
#define EN_KSYM __attribute__((section(".ksyms"), weak))
#else
#define EN_KSYM __attribute__((section(".ksyms")))
#endif

/* Objects of which programs see kptrs only. */
#ifdef __KERNEL__
#define EN_OPAQUE(name) struct name
#else
#define EN_OPAQUE(name) struct name { void *opaque; }
#endif

#include "memory.h"
#include "bits.h"
#include "hash.h"
#include "compare.h"
#include "buckets.h"
#include "random.h"

/* Kinds of objects, for bpf_en_live. */
enum {
	EN_LIVE_PROXY,
	EN_LIVE_NODE,
	EN_LIVE_BUCKETS,
	EN_LIVE_RANDOM,
	EN_LIVE_FUNCTION, /* network functions inside the module, see functions.h */
	EN_LIVE_KINDS,
};

/*
 * How many objects of a kind there are in the module: proves that nothing leaks.
 * What was released last may be counted until a grace period has passed. Nodes are
 * counted from bpf_en_node_new, or the like, until their proxy may use them again.
 * -EINVAL: no such kind. Cost: 8.
 */
__s64 bpf_en_live(__u32 kind) EN_KSYM;

/* What the module uses of this CPU. */
enum {
	EN_CPU_CRC32C = 1 << 0, /* SSE 4.2 */
	EN_CPU_BMI2 = 1 << 1,
	EN_CPU_AVX2 = 1 << 2,
};

/* The EN_CPU_ flags in use; what is absent is computed without. Cost: 8. */
__u32 bpf_en_cpu(void) EN_KSYM;

#endif
