/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash function: folded multiplication. A word of 128 bits, the product of two of
 * 64, is folded into 64 by XOR of its halves; with a secret XORed into each factor
 * this mixes every bit of both into every bit of the result, in three instructions
 * (Wang Yi's wyhash, 2019, is built on it). It is not linear over XOR, as CRCs are.
 *
 * The hash is a contract: maps that outlive the module, or that user space fills,
 * depend on it. Package ref/internal/model computes the same, and is compared with
 * this in every kernel.
 */
#ifndef ENETSTL_FOLD_H
#define ENETSTL_FOLD_H

#include "lib/types.h"

/* Fractional bits of the square roots of 2, 3, 5, 7 and 11, made odd. */
#define FOLD_0 0x6a09e667f3bcc909ull
#define FOLD_1 0xbb67ae8584caa73bull
#define FOLD_2 0x3c6ef372fe94f82bull
#define FOLD_3 0xa54ff53a5f1d36f1ull
#define FOLD_4 0x510e527fade682d1ull

static __always_inline __u64 fold(__u64 a, __u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (__u64)product ^ (__u64)(product >> 64);
}

/* Keys longer than 16 bytes: all but the last 16, in blocks of 16. */
static __always_inline __u64 fold_blocks(const __u8 *p, __u32 n, __u64 seed)
{
	for (; n > 16; n -= 16, p += 16)
		seed = fold(load64(p) ^ FOLD_2, load64(p + 8) ^ seed);
	return seed;
}

/* A hash of a key of n > 0 bytes. */
static __always_inline __u64 fold_key(const void *key, __u32 n, __u64 seed)
{
	const __u8 *p = key;
	__u64 a, b;

	if (n >= 8) {
		if (n > 16)
			seed = fold_blocks(p, n, seed);
		/* The last 16 bytes; the two words overlap when there are fewer. */
		a = load64(p + (n > 16 ? n - 16 : 0));
		b = load64(p + n - 8);
	} else if (n >= 4) {
		a = load32(p);
		b = load32(p + n - 4);
	} else {
		a = p[0] | p[n >> 1] << 8 | p[n - 1] << 16;
		b = 0;
	}
	return fold(a ^ FOLD_0 ^ n, b ^ FOLD_1 ^ seed);
}

/*
 * The i-th 64 bits of a key's lanes. One more multiplication, of which both factors
 * depend on the hash, makes lanes independent even of keys whose hashes are alike.
 */
static __always_inline __u64 fold_lane(__u64 hash, __u32 i)
{
	return fold(hash ^ FOLD_3, hash + FOLD_4 * (i + 1));
}

/*
 * Calls f with k numbers of shift (1..32) bits, independent of each other: the columns
 * of a key in the rows of a table. A lane serves as many as it has bits for.
 */
static __always_inline void fold_each(__u64 hash, __u32 shift, __u32 k,
				      void (*f)(void *context, __u32 column), void *context)
{
	static const __u8 per_lane[33] = {
		0, 64, 32, 21, 16, 12, 10, 9, 8, 7, 6, 5, 5, 4, 4, 4, 4,
		3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	};
	__u32 mask = ~0u >> (32 - shift), lane, n;

	for (lane = 0; k; lane++) {
		__u64 bits = fold_lane(hash, lane);

		n = k < per_lane[shift] ? k : per_lane[shift];
		k -= n;
		for (; n; n--, bits >>= shift)
			f(context, bits & mask);
	}
}

/* The i-th of the numbers above. */
static __always_inline __u32 fold_nth(__u64 hash, __u32 shift, __u32 i)
{
	__u32 per_lane = 64 / shift;

	return fold_lane(hash, i / per_lane) >> i % per_lane * shift & ~0u >> (32 - shift);
}

#endif
