// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* build: nobtf */
#include "bpf.h"

/* As objects were before types described maps. */
struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def SEC("maps") counts = { .type = ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4 };

SEC("xdp") int counts_packets(struct xdp_md *ctx)
{
	u32 k = 0;
	u64 *n = map_lookup_elem(&counts, &k);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 2;
}

SEC("xdp") int unchecked(struct xdp_md *ctx)
{
	u32 k = 0;
	u64 *n = map_lookup_elem(&counts, &k);

	return *n;
}

GPL;
