// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

const volatile u32 limit = 10;
u32 counted;
u32 begun = 1;

SEC("xdp") int counts(struct xdp_md *ctx)
{
	if (counted < limit)
		counted += begun;
	return 2;
}

GPL;
