// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

SEC("xdp") int any_kernel(struct xdp_md *ctx)
{
	return ktime_get_ns() ? 2 : 1;
}

static long step(u32 i, void *ctx)
{
	return 0;
}

SEC("kprobe/f") int from_5_17(void *ctx)
{
	return bloop(10, step, 0, 0);
}

SEC("raw_tracepoint/sched_switch") int of_other_types(void *ctx)
{
	return get_socket_cookie(ctx);
}

SEC("xdp") int no_helper(struct xdp_md *ctx)
{
	long (*none)(void) = (void *)9999;

	return none();
}

GPL;
