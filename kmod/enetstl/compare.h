/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Comparing arrays. Included by enetstl.h. Nothing here takes locks; all run anywhere.
 * Elements need not be aligned; a size that is no multiple of the element's is -EINVAL.
 *
 * Short arrays are compared in general registers, eight bytes at a time. Long ones, from
 * EN_VECTOR bytes on, in AVX2 registers, if the CPU has them and they may be used
 * here and now: saving and restoring what is in them costs some 80 instructions.
 */
#ifndef ENETSTL_COMPARE_H
#define ENETSTL_COMPARE_H

#define EN_VECTOR 256

/* Index of the first element equal to value. -ENOENT. Cost: 15 + n/8*6, or 110 + n/32*5. */
int bpf_en_find_u16(const void *array, __u32 array__sz, __u16 value) EN_KSYM;
int bpf_en_find_u32(const void *array, __u32 array__sz, __u32 value) EN_KSYM;

/*
 * Bit i tells whether element i equals value, for up to 64 elements. 0 if more, or
 * -EINVAL. Cost: 15 + n/8*9.
 */
__u64 bpf_en_mask_u16(const void *array, __u32 array__sz, __u16 value) EN_KSYM;
__u64 bpf_en_mask_u32(const void *array, __u32 array__sz, __u32 value) EN_KSYM;

/* 1 if both have the same size and bytes, else 0. Cost: 10 + n/8*4. */
int bpf_en_equal(const void *a, __u32 a__sz, const void *b, __u32 b__sz) EN_KSYM;

/*
 * The least, or greatest, element in the lower 32 bits, and the index of the first
 * such one in the upper. EN_NOTHING: no elements, or -EINVAL. Cost: 12 + n*4, or 110 + n/8.
 */
#define EN_NOTHING (~0ull)
__u64 bpf_en_min_u16(const void *array, __u32 array__sz) EN_KSYM;
__u64 bpf_en_max_u16(const void *array, __u32 array__sz) EN_KSYM;
__u64 bpf_en_min_u32(const void *array, __u32 array__sz) EN_KSYM;
__u64 bpf_en_max_u32(const void *array, __u32 array__sz) EN_KSYM;

#endif
