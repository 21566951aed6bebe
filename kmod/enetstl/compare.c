// SPDX-License-Identifier: GPL-2.0
/* Comparing arrays. The contract of each kfunc is in compare.h. */
#include <linux/bitops.h>
#include <asm/fpu/api.h>

#include "compat.h"
#include "cpu.h"
#include "enetstl.h"
#include "probe.h"
#include "simd.h"

/*
 * Vector registers hold what a user's process left in them: between begin and end they
 * are ours. Not everywhere: a tracing program may have interrupted somebody else's
 * section.
 */
static __always_inline bool en_vectors_begin(u32 n)
{
	if (n < EN_VECTOR || !static_branch_likely(&en_has_avx2) || !irq_fpu_usable())
		return false;
	kernel_fpu_begin();
	return true;
}

/* Where, in bytes, the first vector with the value begins; else the end of vectors. */
static u32 en_skip_u16(const void *array, u32 n, u16 value)
{
	u32 at = 0;

	if (en_vectors_begin(n)) {
		at = en_simd_find_u16(array, n, value) * 32;
		kernel_fpu_end();
	}
	return at;
}

static u32 en_skip_u32(const void *array, u32 n, u32 value)
{
	u32 at = 0;

	if (en_vectors_begin(n)) {
		at = en_simd_find_u32(array, n, value) * 32;
		kernel_fpu_end();
	}
	return at;
}

__bpf_kfunc int bpf_en_find_u16(const void *array, u32 array__sz, u16 value)
{
	u64 lanes = value * EN_ONE16, tops;
	u32 at;

	if (array__sz % 2)
		return -EINVAL;
	for (at = en_skip_u16(array, array__sz, value); at + 8 <= array__sz; at += 8) {
		tops = en_zero16(load64(array + at) ^ lanes);
		if (tops)
			return at / 2 + (__ffs64(tops) >> 4);
	}
	for (; at < array__sz; at += 2)
		if (load16(array + at) == value)
			return at / 2;
	return -ENOENT;
}

__bpf_kfunc int bpf_en_find_u32(const void *array, u32 array__sz, u32 value)
{
	u64 lanes = value * EN_ONE32, tops;
	u32 at;

	if (array__sz % 4)
		return -EINVAL;
	for (at = en_skip_u32(array, array__sz, value); at + 8 <= array__sz; at += 8) {
		tops = en_zero32(load64(array + at) ^ lanes);
		if (tops)
			return at / 4 + (__ffs64(tops) >> 5);
	}
	if (at < array__sz && load32(array + at) == value)
		return at / 4;
	return -ENOENT;
}

__bpf_kfunc u64 bpf_en_mask_u16(const void *array, u32 array__sz, u16 value)
{
	u64 lanes = value * EN_ONE16, mask = 0;
	u32 at;

	if (array__sz % 2 || array__sz > 64 * 2)
		return 0;
	for (at = 0; at + 8 <= array__sz; at += 8)
		mask |= (u64)en_gather16(en_zero16(load64(array + at) ^ lanes)) << at / 2;
	for (; at < array__sz; at += 2)
		mask |= (u64)(load16(array + at) == value) << at / 2;
	return mask;
}

__bpf_kfunc u64 bpf_en_mask_u32(const void *array, u32 array__sz, u32 value)
{
	u64 lanes = value * EN_ONE32, mask = 0;
	u32 at;

	if (array__sz % 4 || array__sz > 64 * 4)
		return 0;
	for (at = 0; at + 8 <= array__sz; at += 8)
		mask |= (u64)en_gather32(en_zero32(load64(array + at) ^ lanes)) << at / 4;
	if (at < array__sz)
		mask |= (u64)(load32(array + at) == value) << at / 4;
	return mask;
}

__bpf_kfunc int bpf_en_equal(const void *a, u32 a__sz, const void *b, u32 b__sz)
{
	return a__sz == b__sz && en_same(a, b, a__sz);
}

/*
 * The least of all elements, each complemented first when the greatest is looked for, in
 * vectors as far as they go; *at is how far, in bytes.
 */
static __always_inline u32 en_least(const void *array, u32 n, u32 size, u32 complement, u32 *at)
{
	u32 least = ~0u, next;

	*at = 0;
	if (en_vectors_begin(n)) {
		*at = n & ~31u;
		least = size == 2 ? en_simd_min_u16(array, *at, complement) :
				    en_simd_min_u32(array, *at, complement);
		kernel_fpu_end();
	}
	for (; *at < n; *at += size) {
		next = size == 2 ? (u16)(load16(array + *at) ^ complement) :
				   load32(array + *at) ^ complement;
		least = min(least, next);
	}
	return least;
}

static __always_inline u64 en_extreme_u16(const void *array, u32 n, u16 complement)
{
	u32 at;
	u16 value;

	if (!n || n % 2)
		return EN_NOTHING;
	value = en_least(array, n, 2, complement, &at) ^ complement;
	return (u64)bpf_en_find_u16(array, n, value) << 32 | value;
}

static __always_inline u64 en_extreme_u32(const void *array, u32 n, u32 complement)
{
	u32 at, value;

	if (!n || n % 4)
		return EN_NOTHING;
	value = en_least(array, n, 4, complement, &at) ^ complement;
	return (u64)bpf_en_find_u32(array, n, value) << 32 | value;
}

__bpf_kfunc u64 bpf_en_min_u16(const void *array, u32 array__sz)
{
	return en_extreme_u16(array, array__sz, 0);
}

__bpf_kfunc u64 bpf_en_max_u16(const void *array, u32 array__sz)
{
	return en_extreme_u16(array, array__sz, 0xffff);
}

__bpf_kfunc u64 bpf_en_min_u32(const void *array, u32 array__sz)
{
	return en_extreme_u32(array, array__sz, 0);
}

__bpf_kfunc u64 bpf_en_max_u32(const void *array, u32 array__sz)
{
	return en_extreme_u32(array, array__sz, 0xffffffff);
}
