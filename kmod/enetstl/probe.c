// SPDX-License-Identifier: GPL-2.0
/* Finding a key in buckets of signatures. The contract of each kfunc is in hash.h. */
#include <linux/bitops.h>

#include "compat.h"
#include "enetstl.h"
#include "probe.h"

__bpf_kfunc u64 bpf_en_hash_place(const void *key, u32 key__sz, u32 buckets)
{
	struct en_place place;

	if (!key__sz || !en_buckets_sane(buckets))
		return 0;
	place = en_place(fold_key(key, key__sz, 0), buckets - 1);
	return (u64)place.signature << 48 | (u64)place.second << 24 | place.first;
}

__bpf_kfunc u32 bpf_en_hash_other(u32 bucket, u16 signature, u32 buckets)
{
	return en_other(bucket, signature, buckets - 1);
}

struct en_layout {
	const void *table;
	u32 ways, stride, keys_at, key_stride, buckets;
};

static __always_inline bool en_layout(struct en_layout *l, const void *table, u32 bytes,
				      u64 packed, u32 key)
{
	l->table = table;
	l->ways = (u8)packed;
	l->stride = (u16)(packed >> 8);
	l->keys_at = (u16)(packed >> 24);
	l->key_stride = packed >> 40;
	if (unlikely(!l->ways || l->ways % 4 || l->ways > 16 || l->stride > bytes))
		return false;
	if (unlikely(l->ways * 2 > l->stride || !key))
		return false;
	/* No key is compared beyond the bucket it is in. */
	if (unlikely(l->key_stride &&
		     (l->key_stride < key || l->keys_at + l->ways * l->key_stride > l->stride)))
		return false;
	l->buckets = 1u << (fls(bytes / l->stride) - 1);
	return likely(l->buckets <= EN_BUCKETS_LIMIT);
}

/* The way that has the key, or -1. */
static __always_inline int en_probe(const struct en_layout *l, u32 bucket, u64 lanes,
				    const void *key, u32 n)
{
	const void *at = l->table + (u64)bucket * l->stride;
	u32 way, found;
	u64 tops;

	for (way = 0; way < l->ways; way += 4) {
		tops = en_zero16(load64(at + way * 2) ^ lanes);
		for (; unlikely(tops); tops &= tops - 1) {
			found = way + (__ffs64(tops) >> 4);
			if (!l->key_stride ||
			    en_same(at + l->keys_at + found * l->key_stride, key, n))
				return found;
		}
	}
	return -1;
}

__bpf_kfunc s64 bpf_en_hash_find(const void *key, u32 key__sz, const void *table, u32 table__sz,
				 u64 layout)
{
	struct en_layout l;
	struct en_place place;
	u64 lanes;
	int way;

	if (!en_layout(&l, table, table__sz, layout, key__sz))
		return -EINVAL;
	place = en_place(fold_key(key, key__sz, 0), l.buckets - 1);
	lanes = place.signature * EN_ONE16;
	way = en_probe(&l, place.first, lanes, key, key__sz);
	if (way >= 0)
		return (u64)place.first * l.ways + way;
	way = en_probe(&l, place.second, lanes, key, key__sz);
	if (way >= 0)
		return (u64)place.second * l.ways + way;
	return -ENOENT;
}
