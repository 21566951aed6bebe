/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * A tree of bitmaps: finds the first set bit of up to 2^24 in as many steps as it has
 * levels. Level 0 has a bit an item; bit i of each level above tells whether word i of
 * the one below has any. The words of all levels lie one after the other, the lowest
 * level first; the last word is the root. This is the cFFS queue's index of Eiffel (NSDI
 * 2019), also known as a hierarchical bitmap.
 *
 * The user brings TREE_FFS, the index of the lowest set bit of a word that is not 0.
 */
#ifndef ASSAY_LIB_TREE_H
#define ASSAY_LIB_TREE_H

#include "types.h"

#ifndef TREE_FFS
#error "define TREE_FFS before this is included"
#endif

#define TREE_LEVELS_MAX 4

/* Words of a tree of so many levels, of 64^levels bits. */
static __always_inline __u32 tree_words(__u32 levels)
{
	__u32 words = 0, n = 1;

	for (; levels > 0; levels--, n <<= 6)
		words += n;
	return words;
}

/* How many levels a tree of so many words has; 0: it is none. */
static __always_inline __u32 tree_levels(__u32 words)
{
	switch (words) {
	case 1:
		return 1;
	case 64 + 1:
		return 2;
	case 4096 + 64 + 1:
		return 3;
	case 262144 + 4096 + 64 + 1:
		return 4;
	}
	return 0;
}

/* Sets a bit, which must be one of the tree. */
static __always_inline void tree_set(__u64 *level, __u32 levels, __u32 bit)
{
	__u32 words = 1u << 6 * (levels - 1);

	for (; levels > 0; levels--) {
		__u64 *word = &level[bit >> 6];
		__u64 old = *word;

		*word = old | 1ull << (bit & 63);
		if (old)
			return; /* then it is known above */
		level += words;
		words >>= 6;
		bit >>= 6;
	}
}

/* Clears a bit, which must be one of the tree. */
static __always_inline void tree_clear(__u64 *level, __u32 levels, __u32 bit)
{
	__u32 words = 1u << 6 * (levels - 1);

	for (; levels > 0; levels--) {
		__u64 *word = &level[bit >> 6];

		*word &= ~(1ull << (bit & 63));
		if (*word)
			return;
		level += words;
		words >>= 6;
		bit >>= 6;
	}
}

/*
 * The first set bit that is not less than from, or -1. Climbs until a word has one to
 * the right, and descends along first bits.
 */
static __always_inline __s32 tree_first(const __u64 *base, __u32 levels, __u32 from)
{
	const __u64 *level = base;
	__u32 words = 1u << 6 * (levels - 1), up = 0;
	__u64 word;

	if (from >> 6 * levels)
		return -1;
	word = level[from >> 6] >> (from & 63) << (from & 63);
	while (!word) {
		if (++up == levels)
			return -1;
		from = (from >> 6) + 1; /* the words behind the one looked at */
		level += words;
		words >>= 6;
		if (from >> 6 >= words)
			return -1;
		word = level[from >> 6] >> (from & 63) << (from & 63);
	}
	from = (from >> 6 << 6) + TREE_FFS(word);
	while (up--) {
		words <<= 6;
		level -= words;
		from = (from << 6) + TREE_FFS(level[from]);
	}
	return from;
}

#endif
