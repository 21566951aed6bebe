// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* build: -mcpu=v4 */
#include "bpf.h"

SEC("xdp") int signed_division_from_6_6(struct xdp_md *ctx)
{
	int by = ctx->rx_queue_index;

	return (int)ctx->ingress_ifindex / (by | 1);
}

GPL;
