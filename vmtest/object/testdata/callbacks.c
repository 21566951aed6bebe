// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct {
	number(type, ARRAY);
	type_of(key, u32);
	type_of(value, u64);
	number(max_entries, 4);
} all SEC(".maps");

static long each(void *map, u32 *key, u64 *value, void *ctx)
{
	return 0;
}

SEC("xdp") int callback_from_5_13(struct xdp_md *ctx)
{
	for_each_map_elem(&all, each, 0, 0);
	return 2;
}

GPL;
