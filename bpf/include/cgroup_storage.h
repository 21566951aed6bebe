/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Cgroup-local storage: a value that belongs to (map, cgroup) and that only a
 * program attached to that cgroup can reach. UAPI, <linux/bpf.h>.
 */
#ifndef ASSAY_CGROUP_STORAGE_H
#define ASSAY_CGROUP_STORAGE_H

#include "base.h"

enum {
	BPF_MAP_TYPE_CGROUP_STORAGE = 19,	 /* Linux 4.19, de9cbbaadba5 */
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE = 21, /* Linux 4.20, b741f1630346 */
};

/* 16 bytes: the compiler adds four after attach_type, which the kernel ignores. */
struct bpf_cgroup_storage_key {
	__u64 cgroup_inode_id;
	__u32 attach_type;
};

/*
 * The storage of the cgroup that the running program is attached to, which for
 * traffic of a descendant is still the ancestor's. Never NULL. flags must be 0.
 */
static void *(*bpf_get_local_storage)(void *map, __u64 flags) = (void *)81;

#endif
