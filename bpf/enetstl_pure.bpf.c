// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Calls each kfunc of the module enetstl that depends on nothing but its arguments,
 * with arguments that user space leaves in a map, so that it can compare results with
 * its own.
 */
#include "base.h"
#include "map.h"
#include "../kmod/enetstl/enetstl.h"

enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_F_MMAPABLE = 1U << 10, /* Linux 5.5 */
};

#define UNUSED __attribute__((unused))

#define KEY 512
#define TABLE 65536

struct io {
	__u64 n, m;    /* sizes: of key, of other or table */
	__u64 a, b;    /* numbers */
	__s64 result;
	__u8 key[KEY];
	__u8 other[KEY];
	__u8 table[TABLE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct io);
} io SEC(".maps");

/* A program that calls one function. Sizes that do not fit return 1. */
#define CALL(name, call)                                                        \
	SEC("?syscall") int name(void *ctx UNUSED)                              \
	{                                                                        \
		__u32 zero = 0;                                                  \
		struct io *io_ = bpf_map_lookup_elem(&io, &zero);               \
		__u64 n, m;                                                      \
                                                                                \
		if (!io_)                                                        \
			return 1;                                                \
		n = io_->n;                                                      \
		m = io_->m;                                                      \
		if (n > KEY || m > TABLE)                                       \
			return 1;                                                \
		io_->result = call;                                              \
		return 0;                                                        \
	}

#define A io_->a
#define B io_->b
#define KEY_N io_->key, n
#define TABLE_M io_->table, m

CALL(call_cpu, bpf_en_cpu())
CALL(call_live, bpf_en_live(A))

CALL(call_ffs, bpf_en_ffs(A))
CALL(call_fls, bpf_en_fls(A))
CALL(call_popcount, bpf_en_popcount(A))
CALL(call_tzcnt, bpf_en_tzcnt(A))
CALL(call_lzcnt, bpf_en_lzcnt(A))
CALL(call_pdep, bpf_en_pdep(A, B))
CALL(call_pext, bpf_en_pext(A, B))
CALL(call_tree_set, bpf_en_tree_set(TABLE_M, A))
CALL(call_tree_clear, bpf_en_tree_clear(TABLE_M, A))
CALL(call_tree_first, bpf_en_tree_first(TABLE_M, A))

CALL(call_crc32c, bpf_en_crc32c(KEY_N, A))
CALL(call_hash, bpf_en_hash(KEY_N, A))
CALL(call_hash_lanes, bpf_en_hash_lanes(KEY_N, (__u32 *)io_->table, m))
CALL(call_hash_count, bpf_en_hash_count(KEY_N, TABLE_M, A))
CALL(call_hash_count_min, bpf_en_hash_count_min(KEY_N, TABLE_M, A))
CALL(call_hash_min, bpf_en_hash_min(KEY_N, TABLE_M, A))
CALL(call_hash_set, bpf_en_hash_set(KEY_N, TABLE_M, A))
CALL(call_hash_test, bpf_en_hash_test(KEY_N, TABLE_M, A))
CALL(call_hash_or, bpf_en_hash_or(KEY_N, TABLE_M, A))
CALL(call_hash_and, bpf_en_hash_and(KEY_N, TABLE_M, A))
CALL(call_hash_place, bpf_en_hash_place(KEY_N, A))
CALL(call_hash_other, bpf_en_hash_other(A, A >> 32, B))
CALL(call_hash_find, bpf_en_hash_find(KEY_N, TABLE_M, A))

CALL(call_find_u16, bpf_en_find_u16(TABLE_M, A))
CALL(call_find_u32, bpf_en_find_u32(TABLE_M, A))
CALL(call_mask_u16, bpf_en_mask_u16(TABLE_M, A))
CALL(call_mask_u32, bpf_en_mask_u32(TABLE_M, A))
CALL(call_min_u16, bpf_en_min_u16(TABLE_M))
CALL(call_max_u16, bpf_en_max_u16(TABLE_M))
CALL(call_min_u32, bpf_en_min_u32(TABLE_M))
CALL(call_max_u32, bpf_en_max_u32(TABLE_M))

/* Sizes of both: n of key, and b of other. */
SEC("?syscall") int call_equal(void *ctx UNUSED)
{
	__u32 zero = 0;
	struct io *io_ = bpf_map_lookup_elem(&io, &zero);
	__u64 n, m;

	if (!io_)
		return 1;
	n = io_->n;
	m = io_->m;
	if (n > KEY || m > KEY)
		return 1;
	io_->result = bpf_en_equal(io_->key, n, io_->other, m);
	return 0;
}

char _license[] SEC("license") = "GPL";
