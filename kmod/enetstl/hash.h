/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Hashing. Included by enetstl.h. Nothing here takes locks; all run anywhere. -EINVAL
 * everywhere: a key of no bytes, a table too small, or a shape that makes no sense.
 *
 * One hash of 64 bits is computed of the key (two multiplications for up to 16 bytes),
 * and of it as many lanes as are wanted, by further multiplications: these are
 * not linear, so rows are independent, which rows made by the seeds of a CRC are not.
 * The exact function is in lib/hash.h, and in Go in ref/internal/model.
 */
#ifndef ENETSTL_HASH_H
#define ENETSTL_HASH_H

/*
 * CRC32C as RFC 3720 computes it but for the inversions, as the kernel's crc32c():
 * ~bpf_en_crc32c("123456789", 9, ~0) is 0xe3069283. Cost: 12 + n/8*3.
 */
__u32 bpf_en_crc32c(const void *data, __u32 data__sz, __u32 seed) EN_KSYM;

/* The 64-bit hash. 0 for no bytes. Cost: 20, and 7 for each 16 bytes after the first. */
__u64 bpf_en_hash(const void *key, __u32 key__sz, __u64 seed) EN_KSYM;

/*
 * Lanes: out is filled with independent hashes of 32 bits, of which there may be 1 to
 * EN_LANES_MAX: out__sz / 4. Cost: 25 + 3 a lane.
 */
#define EN_LANES_MAX 16
int bpf_en_hash_lanes(const void *key, __u32 key__sz, __u32 *out, __u32 out__sz) EN_KSYM;

/*
 * Fused updates of a table of rows of 1 << shift columns, one column in each row: as
 * many rows, up to EN_ROWS_MAX, as table__sz holds. shift is 1..24. Counters are u32,
 * do not saturate, and are not atomic: give each CPU its own table, or
 * ask for EN_ATOMIC, which costs no more instructions but locks the bus.
 */
#define EN_ROWS_MAX 16

/* Shapes. */
#define EN_SHIFT(n) ((__u64)(n) & 0x1f)	    /* columns, as a power of two */
#define EN_ATOMIC (1ull << 5)
#define EN_ROW(n) (1ull << 6 | (__u64)(n) << 8) /* this row alone */
#define EN_ADD(n) ((__u64)((n) - 1) << 32)  /* add n (u32), not 1 */

/* Counts. Cost: 35 + 5 a row. */
int bpf_en_hash_count(const void *key, __u32 key__sz, void *table, __u32 table__sz,
		      __u64 shape) EN_KSYM;

/*
 * Counts, and returns the least of the counters as they now are: the estimate of a
 * count-min sketch. Cost: 35 + 7 a row.
 */
__s64 bpf_en_hash_count_min(const void *key, __u32 key__sz, void *table, __u32 table__sz,
			    __u64 shape) EN_KSYM;

/* Compares: the least of the key's counters; only EN_SHIFT. Cost: 35 + 5 a row. */
__s64 bpf_en_hash_min(const void *key, __u32 key__sz, const void *table, __u32 table__sz,
		      __u64 shape) EN_KSYM;

/*
 * Sets bits: a Bloom filter of as many bits as the greatest power of two that
 * bits__sz holds (64..2^32; 0.5 GiB), with k (1..EN_LANES_MAX) hashes. 1: all were set already,
 * so the key may have been here; 0: it was not. Not atomic. Cost: 35 + 7 a hash.
 */
int bpf_en_hash_set(const void *key, __u32 key__sz, void *bits, __u32 bits__sz, __u32 k) EN_KSYM;

/* 1: all bits of the key are set; 0: not all. Cost: 35 + 5 a hash. */
int bpf_en_hash_test(const void *key, __u32 key__sz, const void *bits, __u32 bits__sz,
		     __u32 k) EN_KSYM;

/*
 * A vector of 64 Bloom filters: u64 words, as many as the greatest power of two that
 * words__sz holds, in which bit i belongs to filter i.
 */

/* Puts the key into filter, 0..63, at k positions. Not atomic. Cost: 35 + 6 a hash. */
#define EN_FILTER(k, filter) ((__u64)(k) | (__u64)(filter) << 8)
int bpf_en_hash_or(const void *key, __u32 key__sz, void *words, __u32 words__sz,
		   __u64 k_filter) EN_KSYM;

/* The filters that have the key, bit i for filter i; 0 if none or -EINVAL. Cost as or. */
__u64 bpf_en_hash_and(const void *key, __u32 key__sz, const void *words, __u32 words__sz,
		      __u32 k) EN_KSYM;

/*
 * Buckets of a cuckoo hash table, or a hash-table set summary: a bucket of stride bytes
 * begins with ways (4, 8, 12 or 16) signatures, u16, 0 for a free way; keys, if there
 * are any (key_stride > 0), lie key_stride bytes apart from keys_at on. The table has
 * as many buckets as the greatest power of two that its size holds. Strides and offsets
 * are below 65536; a multiple of 8 is best.
 */
#define EN_BUCKET(ways, stride, keys_at, key_stride)                                        \
	((__u64)(ways) | (__u64)(stride) << 8 | (__u64)(keys_at) << 24 |              \
	 (__u64)(key_stride) << 40)

/* Where a key may be: its signature, never 0, and the two buckets. */
#define EN_PLACE_SIGNATURE(place) ((__u16)((place) >> 48))
#define EN_PLACE_FIRST(place) ((__u32)(place) & 0xffffff)
#define EN_PLACE_SECOND(place) ((__u32)((place) >> 24) & 0xffffff)

/*
 * Where a key may be among buckets, a power of two up to 2^24: the second is the
 * first, XOR a function of the signature, so an entry is moved to its other bucket
 * without its key. 0: -EINVAL. Cost: 30.
 */
__u64 bpf_en_hash_place(const void *key, __u32 key__sz, __u32 buckets) EN_KSYM;

/* The other bucket of an entry that is in one. Cost: 6. */
__u32 bpf_en_hash_other(__u32 bucket, __u16 signature, __u32 buckets) EN_KSYM;

/*
 * Finds a key: compares the signatures of both buckets, then the keys. Returns bucket *
 * ways + way, of the first entry that matches. -ENOENT. Cost: 70 + n/8*3, 25 more
 * when it is in its second bucket.
 */
__s64 bpf_en_hash_find(const void *key, __u32 key__sz, const void *table, __u32 table__sz,
		       __u64 layout) EN_KSYM;

#endif
