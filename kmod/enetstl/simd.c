// SPDX-License-Identifier: GPL-2.0
/*
 * The one file that is compiled for AVX2. GCC's vectors, as the kernel has no
 * <immintrin.h>. Nothing but these functions may be here: the compiler might use vector
 * registers in anything.
 */
#include "simd.h"

typedef u16 v16 __attribute__((vector_size(32), aligned(2), may_alias));
typedef u32 v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef long long v4 __attribute__((vector_size(32)));

typedef short s16v __attribute__((vector_size(32)));
typedef int s32v __attribute__((vector_size(32)));

#define EN_NONE(v) __builtin_ia32_ptestz256((v4)(v), (v4)(v))

u32 en_simd_find_u16(const void *array, u32 n, u16 value)
{
	const v16 *block = array;
	u32 i;

	for (i = 0; i < n / 32; i++)
		if (!EN_NONE(block[i] == value))
			break;
	return i;
}

u32 en_simd_find_u32(const void *array, u32 n, u32 value)
{
	const v8 *block = array;
	u32 i;

	for (i = 0; i < n / 32; i++)
		if (!EN_NONE(block[i] == value))
			break;
	return i;
}

u16 en_simd_min_u16(const void *array, u32 n, u16 complement)
{
	const v16 *block = array;
	v16 least = block[0] ^ complement;
	u16 min;
	u32 i;

	for (i = 1; i < n / 32; i++) {
		v16 next = block[i] ^ complement;

		least = (v16)__builtin_ia32_pminuw256((s16v)next, (s16v)least);
	}
	min = least[0];
	for (i = 1; i < 16; i++)
		min = least[i] < min ? least[i] : min;
	return min;
}

u32 en_simd_min_u32(const void *array, u32 n, u32 complement)
{
	const v8 *block = array;
	v8 least = block[0] ^ complement;
	u32 min, i;

	for (i = 1; i < n / 32; i++) {
		v8 next = block[i] ^ complement;

		least = (v8)__builtin_ia32_pminud256((s32v)next, (s32v)least);
	}
	min = least[0];
	for (i = 1; i < 8; i++)
		min = least[i] < min ? least[i] : min;
	return min;
}
