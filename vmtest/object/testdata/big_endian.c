// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* build: bpfeb */
#include "bpf.h"

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return 2;
}

GPL;
