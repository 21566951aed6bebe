// SPDX-License-Identifier: GPL-2.0
/* Bloom filters, one and 64 at a time. The contract of each kfunc is in hash.h. */
#include <linux/log2.h>

#include "compat.h"
#include "enetstl.h"
#include "fold.h"

struct en_bloom {
	u64 *words;
	u64 with;
	u64 all; /* what was found in all places, so far */
};

/* The greatest power of two that is not more than n > 0. */
static __always_inline u32 en_floor_log2(u64 n)
{
	return fls64(n) - 1;
}

static __always_inline bool en_bloom_sane(u32 key, u32 bytes, u32 k)
{
	return likely(key && bytes >= 8 && bytes <= 1u << 29 && k && k <= EN_LANES_MAX);
}

static __always_inline void en_set_bit(void *context, u32 column)
{
	struct en_bloom *b = context;
	u64 word = b->words[column >> 6];

	b->all &= word >> (column & 63);
	b->words[column >> 6] = word | 1ull << (column & 63);
}

static __always_inline void en_test_bit(void *context, u32 column)
{
	struct en_bloom *b = context;

	b->all &= READ_ONCE(b->words[column >> 6]) >> (column & 63);
}

static __always_inline void en_or_word(void *context, u32 column)
{
	struct en_bloom *b = context;

	b->words[column] |= b->with;
}

static __always_inline void en_and_word(void *context, u32 column)
{
	struct en_bloom *b = context;

	b->all &= READ_ONCE(b->words[column]);
}

__bpf_kfunc int bpf_en_hash_set(const void *key, u32 key__sz, void *bits, u32 bits__sz, u32 k)
{
	struct en_bloom b = { .words = bits, .all = 1 };

	if (!en_bloom_sane(key__sz, bits__sz, k))
		return -EINVAL;
	fold_each(fold_key(key, key__sz, 0), en_floor_log2(bits__sz) + 3, k, en_set_bit, &b);
	return b.all;
}

__bpf_kfunc int bpf_en_hash_test(const void *key, u32 key__sz, const void *bits, u32 bits__sz,
				 u32 k)
{
	struct en_bloom b = { .words = (void *)bits, .all = 1 };

	if (!en_bloom_sane(key__sz, bits__sz, k))
		return -EINVAL;
	fold_each(fold_key(key, key__sz, 0), en_floor_log2(bits__sz) + 3, k, en_test_bit, &b);
	return b.all;
}

__bpf_kfunc int bpf_en_hash_or(const void *key, u32 key__sz, void *words, u32 words__sz,
			       u64 k_filter)
{
	u32 k = (u8)k_filter, filter = k_filter >> 8;
	struct en_bloom b = { .words = words };

	if (!en_bloom_sane(key__sz, words__sz, k) || words__sz < 16 || filter > 63)
		return -EINVAL;
	b.with = 1ull << filter;
	fold_each(fold_key(key, key__sz, 0), en_floor_log2(words__sz) - 3, k, en_or_word, &b);
	return 0;
}

__bpf_kfunc u64 bpf_en_hash_and(const void *key, u32 key__sz, const void *words, u32 words__sz,
				u32 k)
{
	struct en_bloom b = { .words = (void *)words, .all = ~0ull };

	if (!en_bloom_sane(key__sz, words__sz, k) || words__sz < 16)
		return 0;
	fold_each(fold_key(key, key__sz, 0), en_floor_log2(words__sz) - 3, k, en_and_word, &b);
	return b.all;
}
