/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the test objects need of the kernel's and of libbpf's headers. */
#ifndef BPF_H
#define BPF_H

#define SEC(name) __attribute__((section(name), used))
#define __weak __attribute__((weak))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#define noinline __attribute__((noinline))
#define relocatable __attribute__((preserve_access_index))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool;
enum { false, true };

/* Maps as BTF describes them: a number is the length of an array, a type is what a
 * pointer points to. */
#define number(name, n) int (*name)[n]
#define type_of(name, t) t *name

enum {
	HASH = 1, ARRAY = 2, PROG_ARRAY = 3, PERF_EVENT_ARRAY = 4, STACK_TRACE = 7, ARRAY_OF_MAPS = 12,
	RINGBUF = 27, BLOOM_FILTER = 30, USER_RINGBUF = 31, CGRP_STORAGE = 32, ARENA = 33,
};

struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority,
		ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
};

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*const ktime_get_ns)(void) = (void *)5;
static long (*const tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static u64 (*const get_current_task)(void) = (void *)35;
static u64 (*const get_socket_cookie)(void *ctx) = (void *)46;
static long (*const fib_lookup)(void *ctx, void *params, int len, u32 flags) = (void *)69;
static long (*const probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;
static long (*const ringbuf_output)(void *map, void *data, u64 size, u64 flags) = (void *)130;
static void *(*const per_cpu_ptr)(const void *var, u32 cpu) = (void *)153;
static long (*const for_each_map_elem)(void *map, void *fn, void *ctx, u64 flags) = (void *)164;
static long (*const bloop)(u32 n, void *fn, void *ctx, u64 flags) = (void *)181;
static long (*const user_ringbuf_drain)(void *map, void *fn, void *ctx, u64 flags) = (void *)209;

/* Keeps the compiler from knowing a value. */
#define hide(x) asm volatile("" : "+r"(x))

#define GPL char _license[] SEC("license") = "GPL"

#endif
