// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct {
	number(type, HASH);
	type_of(key, u32);
	type_of(value, u64);
	number(max_entries, 1);
} counts SEC(".maps");

SEC("xdp") int unchecked_packet(struct xdp_md *ctx)
{
	u8 *data = (void *)(long)ctx->data;

	return data[12];
}

SEC("xdp") int unchecked_lookup(struct xdp_md *ctx)
{
	u32 k = 0;
	u64 *n = map_lookup_elem(&counts, &k);

	return ++*n;
}

SEC("tc") int context_of_others(struct __sk_buff *skb)
{
	return *(volatile u32 *)((void *)skb + 1000);
}

SEC("cgroup_skb/ingress") int field_of_others(struct __sk_buff *skb)
{
	return skb->tc_classid;
}

SEC("xdp") int too_much_stack(struct xdp_md *ctx)
{
	asm volatile("*(u64 *)(r10 - 520) = %0" ::"r"(0));
	return 2;
}

static noinline int takes(struct xdp_md *ctx, int n)
{
	volatile char buf[300];

	buf[n & 255] = n;
	return buf[(n + 1) & 255];
}

SEC("xdp") int too_much_stack_together(struct xdp_md *ctx)
{
	volatile char buf[300];

	buf[ctx->rx_queue_index & 255] = 1;
	return takes(ctx, buf[0]);
}

SEC("xdp") int endless(struct xdp_md *ctx)
{
	u32 x = ctx->rx_queue_index;

	asm volatile("1: if %0 != 7 goto 1b" ::"r"(x));
	return 2;
}

SEC("xdp") int too_complex(struct xdp_md *ctx)
{
	u64 sum = 0;

	for (u32 i = 0; i < 2000000; i++) {
		sum += i;
		hide(sum);
	}
	return sum;
}

GPL;
