// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

/* What freplace programs of attach.c replace. */
noinline int subject(struct xdp_md *ctx)
{
	volatile int ret = 2;

	return ret;
}

SEC("xdp") int calls_subject(struct xdp_md *ctx)
{
	return subject(ctx);
}

GPL;
