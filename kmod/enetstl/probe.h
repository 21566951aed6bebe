/* SPDX-License-Identifier: GPL-2.0 */
/* Where a key may be in a table of buckets, and whether it is there. */
#ifndef ENETSTL_PROBE_H
#define ENETSTL_PROBE_H

#include "fold.h"
#include "swar.h"

#define EN_BUCKETS_LIMIT (1u << 24)

static __always_inline bool en_buckets_sane(u32 buckets)
{
	return buckets && buckets <= EN_BUCKETS_LIMIT && !(buckets & (buckets - 1));
}

struct en_place {
	u32 first, second;
	u16 signature;
};

/* The other one of the two buckets of a signature: it is its own inverse. */
static __always_inline u32 en_other(u32 bucket, u16 signature, u32 mask)
{
	/* Odd, so signatures that differ lead to buckets that do. */
	return (bucket ^ signature * 0x5bd1e995u) & mask;
}

static __always_inline struct en_place en_place(u64 hash, u32 mask)
{
	u64 lane = fold_lane(hash, 0);
	struct en_place p;

	p.signature = lane >> 48;
	p.signature += !p.signature; /* 0 is a free way */
	p.first = lane & mask;
	p.second = en_other(p.first, p.signature, mask);
	return p;
}

/* Whether n bytes are the same. */
static __always_inline bool en_same(const void *a, const void *b, u32 n)
{
	u64 differ = 0;

	for (; n > 16; n -= 8, a += 8, b += 8)
		if (load64(a) != load64(b))
			return false;
	if (likely(n >= 8))
		return !((load64(a) ^ load64(b)) | (load64(a + n - 8) ^ load64(b + n - 8)));
	if (n >= 4)
		return !((load32(a) ^ load32(b)) | (load32(a + n - 4) ^ load32(b + n - 4)));
	for (; n; n--)
		differ |= *(const u8 *)a++ ^ *(const u8 *)b++;
	return !differ;
}

#endif
