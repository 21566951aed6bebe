// SPDX-License-Identifier: GPL-2.0
/* Bits of a word, and trees of bitmaps. The contract of each kfunc is in bits.h. */
#include <linux/bitops.h>

#include "compat.h"
#include "cpu.h"
#include "enetstl.h"

#define TREE_FFS(word) __ffs64(word)
#include "lib/tree.h"

__bpf_kfunc u32 bpf_en_ffs(u64 x)
{
	return x ? __ffs64(x) + 1 : 0;
}

__bpf_kfunc u32 bpf_en_fls(u64 x)
{
	return fls64(x);
}

__bpf_kfunc u32 bpf_en_popcount(u64 x)
{
	return hweight64(x);
}

__bpf_kfunc u32 bpf_en_tzcnt(u64 x)
{
	return x ? __ffs64(x) : 64;
}

__bpf_kfunc u32 bpf_en_lzcnt(u64 x)
{
	return 64 - fls64(x);
}

static u64 en_pdep_plain(u64 x, u64 mask)
{
	u64 out = 0;

	for (; mask; mask &= mask - 1, x >>= 1)
		out |= -(x & 1) & mask & -mask;
	return out;
}

static u64 en_pext_plain(u64 x, u64 mask)
{
	u64 out = 0, bit = 1;

	for (; mask; mask &= mask - 1, bit <<= 1)
		if (x & mask & -mask)
			out |= bit;
	return out;
}

__bpf_kfunc u64 bpf_en_pdep(u64 x, u64 mask)
{
	if (static_branch_likely(&en_has_bmi2)) {
		asm("pdep %2, %1, %0" : "=r"(x) : "r"(x), "rm"(mask));
		return x;
	}
	return en_pdep_plain(x, mask);
}

__bpf_kfunc u64 bpf_en_pext(u64 x, u64 mask)
{
	if (static_branch_likely(&en_has_bmi2)) {
		asm("pext %2, %1, %0" : "=r"(x) : "r"(x), "rm"(mask));
		return x;
	}
	return en_pext_plain(x, mask);
}

__bpf_kfunc int bpf_en_tree_set(void *bits, u32 bits__sz, u32 bit)
{
	u32 levels = tree_levels(bits__sz / 8);

	if (!levels || bits__sz % 8 || bit >> 6 * levels)
		return -EINVAL;
	tree_set(bits, levels, bit);
	return 0;
}

__bpf_kfunc int bpf_en_tree_clear(void *bits, u32 bits__sz, u32 bit)
{
	u32 levels = tree_levels(bits__sz / 8);

	if (!levels || bits__sz % 8 || bit >> 6 * levels)
		return -EINVAL;
	tree_clear(bits, levels, bit);
	return 0;
}

__bpf_kfunc int bpf_en_tree_first(const void *bits, u32 bits__sz, u32 from)
{
	u32 levels = tree_levels(bits__sz / 8);
	int bit;

	if (!levels || bits__sz % 8)
		return -EINVAL;
	bit = tree_first(bits, levels, from);
	return bit < 0 ? -ENOENT : bit;
}
