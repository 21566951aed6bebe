// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

SEC("netfilter") int netfilter_from_6_4(void *ctx)
{
	return 1;
}

SEC("syscall") int syscall_from_5_14(void *ctx)
{
	return 0;
}

SEC("lirc_mode2") int not_built(void *ctx)
{
	return 0;
}

SEC("cgroup/connect_unix") int attach_type_from_6_7(void *ctx)
{
	return 1;
}

SEC("xdp.frags") int flag_from_5_18(struct xdp_md *ctx)
{
	return 2;
}

SEC("sk_lookup") int looks_up_sockets(void *ctx)
{
	return 1;
}

SEC("?tc") int optional(struct __sk_buff *skb)
{
	return 0;
}

SEC("filter") int of_no_type(struct __sk_buff *skb)
{
	return 0;
}

GPL;
