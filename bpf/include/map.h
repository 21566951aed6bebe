/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Maps that programs look values up in. UAPI, <linux/bpf.h>. */
#ifndef ASSAY_MAP_H
#define ASSAY_MAP_H

#include "base.h"

enum {
	BPF_MAP_TYPE_PERCPU_HASH = 5, /* Linux 4.6, 824bd0ce6c7c */
};

/* Map flags. */
enum {
	BPF_F_NO_PREALLOC = 1U << 0, /* Linux 4.6, 6c9059817432 */
};

/* Flags of an update. */
enum {
	BPF_NOEXIST = 1, /* fails with -EEXIST rather than replace */
};

/* The value of key, on this CPU if the map is per-CPU, or NULL. */
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;

/* 0, or a negative errno. */
static long (*bpf_map_update_elem)(void *map, const void *key, const void *value,
				   __u64 flags) = (void *)2;

#endif
