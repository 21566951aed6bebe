// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

SEC("kprobe/f") int of_gpl_only(void *ctx)
{
	u64 x = 0;

	probe_read_kernel(&x, sizeof(x), ctx);
	return x;
}

char _license[] SEC("license") = "Proprietary";
