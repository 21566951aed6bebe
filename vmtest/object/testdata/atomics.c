// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* build: -mcpu=v3 */
#include "bpf.h"

u64 total;

SEC("xdp") int exchange_from_5_12(struct xdp_md *ctx)
{
	return __sync_lock_test_and_set(&total, 1);
}

GPL;
