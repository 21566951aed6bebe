// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct {
	number(type, RINGBUF);
	number(max_entries, 4096);
} ring SEC(".maps");

struct {
	number(type, USER_RINGBUF);
	number(max_entries, 4096);
} user_ring SEC(".maps");

struct {
	number(type, HASH);
	type_of(key, u32);
	type_of(value, u64);
	number(max_entries, 1);
	number(map_flags, 1 << 11); /* BPF_F_PRESERVE_ELEMS, of perf event arrays */
} flagged SEC(".maps");

struct {
	number(type, STACK_TRACE);
	type_of(key, u32);
} unset SEC(".maps");

struct {
	number(type, ARRAY);
	type_of(key, u32);
	number(value_size, 1 << 20);
	number(max_entries, 1 << 20);
} huge SEC(".maps");

struct inner {
	number(type, HASH);
	type_of(key, u32);
	type_of(value, u32);
	number(max_entries, 1);
} inner SEC(".maps");

struct {
	number(type, ARRAY_OF_MAPS);
	type_of(key, u32);
	number(max_entries, 1);
	struct inner *values[1];
} outer SEC(".maps") = { .values = { &inner } };

struct {
	number(type, PERF_EVENT_ARRAY);
	type_of(key, u32);
	type_of(value, u32);
} events SEC(".maps");

SEC("xdp") int uses_ring(struct xdp_md *ctx)
{
	u64 x = 1;

	ringbuf_output(&ring, &x, sizeof(x), 0);
	return 2;
}

#define LOOKS_UP(name, map) \
	SEC("xdp") int name(struct xdp_md *ctx) \
	{ \
		u32 k = 0; \
		return map_lookup_elem(&map, &k) ? 2 : 1; \
	}

static long drained(void *sample, void *ctx)
{
	return 0;
}

SEC("tc") int uses_user_ring(struct __sk_buff *skb)
{
	return user_ringbuf_drain(&user_ring, drained, 0, 0) < 0;
}

LOOKS_UP(uses_flagged, flagged)
LOOKS_UP(uses_unset, unset)
LOOKS_UP(uses_huge, huge)
LOOKS_UP(uses_outer, outer)

SEC("xdp") int uses_none(struct xdp_md *ctx)
{
	return 2;
}

GPL;
