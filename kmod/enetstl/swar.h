/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several small numbers in one register (SWAR): which of the four u16, or two u32, of a
 * word equal a value. Exact: no borrow runs from one lane into the next, as it does in
 * the shorter (x - 1) & ~x.
 */
#ifndef ENETSTL_SWAR_H
#define ENETSTL_SWAR_H

#include <linux/types.h>

#define EN_TOP16 0x8000800080008000ull
#define EN_ONE16 0x0001000100010001ull
#define EN_TOP32 0x8000000080000000ull
#define EN_ONE32 0x0000000100000001ull

/* The top bit of each lane of x that is 0; no other bits. */
static __always_inline u64 en_zero16(u64 x)
{
	return ~(((x & ~EN_TOP16) + ~EN_TOP16) | x) & EN_TOP16;
}

static __always_inline u64 en_zero32(u64 x)
{
	return ~(((x & ~EN_TOP32) + ~EN_TOP32) | x) & EN_TOP32;
}

/* Top bits of lanes to the low 4, or 2, bits; the multiplication gathers them. */
static __always_inline u32 en_gather16(u64 tops)
{
	return (tops >> 15) * 0x0001000200040008ull >> 48 & 0xf;
}

static __always_inline u32 en_gather32(u64 tops)
{
	return (tops >> 31 & 1) | tops >> 62;
}

#endif
