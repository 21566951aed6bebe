/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loops over arrays in AVX2 registers. Whoever calls these is between
 * kernel_fpu_begin and kernel_fpu_end, and n is not 0 and a multiple of 32 bytes.
 */
#ifndef ENETSTL_SIMD_H
#define ENETSTL_SIMD_H

#include <linux/types.h>

/* Index of the first block of 32 bytes that has the value, else n / 32. */
u32 en_simd_find_u16(const void *array, u32 n, u16 value);
u32 en_simd_find_u32(const void *array, u32 n, u32 value);

/* The extreme value: the least, or, of the complement, the greatest. */
u16 en_simd_min_u16(const void *array, u32 n, u16 complement);
u32 en_simd_min_u32(const void *array, u32 n, u32 complement);

#endif
