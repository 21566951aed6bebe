// SPDX-License-Identifier: GPL-2.0
/* Hashes. The contract of each kfunc is in hash.h. */
#include "compat.h"
#include "cpu.h"
#include "enetstl.h"
#include "fold.h"
#include "module.h"

static u32 en_crc32c_table[256];

void en_hash_init(void)
{
	u32 i, bit, crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		en_crc32c_table[i] = crc;
	}
}

static u32 en_crc32c_plain(const u8 *p, u32 n, u32 crc)
{
	for (; n; n--, p++)
		crc = crc >> 8 ^ en_crc32c_table[(u8)crc ^ *p];
	return crc;
}

__bpf_kfunc u32 bpf_en_crc32c(const void *data, u32 data__sz, u32 seed)
{
	const u8 *p = data;
	u32 n = data__sz;
	u64 crc = seed;

	if (!static_branch_likely(&en_has_crc32c))
		return en_crc32c_plain(p, n, seed);
	for (; n >= 8; n -= 8, p += 8)
		asm("crc32q %1, %0" : "+r"(crc) : "rm"(*(const u64 *)p));
	if (n & 4) {
		asm("crc32l %1, %k0" : "+r"(crc) : "rm"(*(const u32 *)p));
		p += 4;
	}
	for (n &= 3; n; n--, p++)
		asm("crc32b %1, %k0" : "+r"(crc) : "rm"(*p));
	return crc;
}

__bpf_kfunc u64 bpf_en_hash(const void *key, u32 key__sz, u64 seed)
{
	return key__sz ? fold_lane(fold_key(key, key__sz, seed), 0) : 0;
}

__bpf_kfunc int bpf_en_hash_lanes(const void *key, u32 key__sz, u32 *out, u32 out__sz)
{
	u32 i, lanes = out__sz / 4;
	u64 hash, pair;

	if (!key__sz || !lanes || lanes > EN_LANES_MAX || out__sz % 4)
		return -EINVAL;
	hash = fold_key(key, key__sz, 0);
	for (i = 0; i < lanes; i++) {
		pair = i % 2 ? pair >> 32 : fold_lane(hash, i / 2);
		out[i] = pair;
	}
	return 0;
}
