// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Asks the module enetstl how many objects live in it, and what it uses of the CPU. */
#include "base.h"
#include "map.h"
#include "../kmod/enetstl/enetstl.h"

enum {
	BPF_MAP_TYPE_ARRAY = 2,
};

struct status {
	__s64 live[EN_LIVE_KINDS];
	__u64 cpu;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct status);
} answer SEC(".maps");

SEC("syscall") int ask(void *ctx __attribute__((unused)))
{
	__u32 zero = 0;
	struct status *s = bpf_map_lookup_elem(&answer, &zero);

	if (!s)
		return 1;
#pragma unroll
	for (int kind = 0; kind < EN_LIVE_KINDS; kind++)
		s->live[kind] = bpf_en_live(kind);
	s->cpu = bpf_en_cpu();
	return 0;
}

char _license[] SEC("license") = "GPL";
