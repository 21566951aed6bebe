// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct sock;

struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

struct no_such_ops {
	int (*call)(struct sock *sk);
};

SEC("struct_ops/ssthresh") u32 ssthresh(u64 *ctx)
{
	return 2;
}

SEC("struct_ops/undo_cwnd") u32 undo_cwnd(u64 *ctx)
{
	return 2;
}

SEC("struct_ops/call") int no_ops(u64 *ctx)
{
	return 0;
}

SEC("struct_ops/unused") int unused(u64 *ctx)
{
	return 0;
}

SEC(".struct_ops") struct tcp_congestion_ops slow = {
	.ssthresh = (void *)ssthresh,
	.undo_cwnd = (void *)undo_cwnd,
	.name = "slow",
};

SEC(".struct_ops") struct no_such_ops none = {
	.call = (void *)no_ops,
};

GPL;
