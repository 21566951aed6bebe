// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

#define NOTHING { return 0; }

SEC("fentry/vfs_read") int function(u64 *ctx) NOTHING
SEC("fexit/no_such_function") int no_function(u64 *ctx) NOTHING
SEC("tp_btf/sched_switch") int tracepoint(u64 *ctx) NOTHING
SEC("tp_btf/no_such_tracepoint") int no_tracepoint(u64 *ctx) NOTHING
SEC("lsm/file_open") int security_hook(u64 *ctx) NOTHING
SEC("lsm/no_such_hook") int no_security_hook(u64 *ctx) NOTHING
SEC("lsm_cgroup/socket_create") int security_hook_of_cgroups_from_6_0(u64 *ctx)
{
	return 1;
}
SEC("iter/task") int iterator(u64 *ctx) NOTHING
SEC("fentry") int unsaid(u64 *ctx) NOTHING
SEC("freplace/subject") int replaces(struct xdp_md *ctx)
{
	return 1;
}

GPL;
