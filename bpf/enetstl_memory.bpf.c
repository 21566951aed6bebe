// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Calls the memory wrapper of the module enetstl: one function a program, with what
 * user space leaves in a map, on the proxy that is in a slot of another.
 */
#include "base.h"
#include "kptr.h"
#include "loop.h"
#include "map.h"
#include "../kmod/enetstl/enetstl.h"

enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_F_MMAPABLE = 1U << 10, /* Linux 5.5 */
};

#define UNUSED __attribute__((unused))
#define SLOTS 16
#define NO_SLOT 1
#define NO_PROXY 2
#define NO_NODE 3

struct slot {
	struct en_proxy __kptr *proxy;
	struct en_node __kptr *node;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct io {
	__u64 slot;
	__u64 a, b, c, d;
	__u64 n, m; /* sizes of data and value */
	__s64 result;
	__u64 data[EN_NODE_DATA / 8 + 1];
	__u64 value[EN_NODE_DATA / 8 + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct io);
} io SEC(".maps");

static __always_inline struct io *get_io(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&io, &zero);
}

static __always_inline struct slot *get_slot(__u64 i)
{
	__u32 key = i;

	return bpf_map_lookup_elem(&slots, &key);
}

/* Puts a proxy into a slot; what was there goes. */
static __always_inline void put_proxy(struct slot *s, struct en_proxy *p)
{
	p = bpf_kptr_xchg(&s->proxy, p);
	if (p)
		bpf_en_proxy_release(p);
}

#define BEGIN                                     \
	struct io *x = get_io();                  \
	struct slot *s;                           \
	__u64 n, m;                               \
                                                  \
	if (!x)                                   \
		return NO_SLOT;                   \
	s = get_slot(x->slot);                    \
	n = x->n;                                 \
	m = x->m;                                 \
	if (!s || n > sizeof(x->data) || m > sizeof(x->value)) \
		return NO_SLOT

/* A program that calls something on the proxy p. */
#define ON_PROXY(name, call)                                     \
	SEC("?syscall") int name(void *ctx UNUSED)              \
	{                                                         \
		struct en_proxy *p;                               \
		BEGIN;                                            \
                                                                  \
		p = bpf_kptr_xchg(&s->proxy, 0);                  \
		if (!p)                                           \
			return NO_PROXY;                          \
		x->result = call;                                 \
		put_proxy(s, p);                                  \
		return 0;                                         \
	}

/* A program that calls something on the node of id a. */
#define ON_NODE(name, call)                                      \
	SEC("?syscall") int name(void *ctx UNUSED)              \
	{                                                         \
		struct en_proxy *p;                               \
		struct en_node *node;                             \
		int ret = NO_NODE;                                \
		BEGIN;                                            \
                                                                  \
		p = bpf_kptr_xchg(&s->proxy, 0);                  \
		if (!p)                                           \
			return NO_PROXY;                          \
		node = bpf_en_node_at(p, x->a);                   \
		if (node) {                                       \
			x->result = call;                         \
			bpf_en_node_release(node);                \
			ret = 0;                                  \
		}                                                 \
		put_proxy(s, p);                                  \
		return ret;                                       \
	}

SEC("?syscall") int proxy_new(void *ctx UNUSED)
{
	struct en_proxy *p;
	BEGIN;

	x->result = -12;
	p = bpf_en_proxy_new(x->a, x->b, x->c, x->d);
	if (p) {
		x->result = 0;
		put_proxy(s, p);
	}
	return 0;
}

/* Slot a gets a kptr of the same proxy. */
SEC("?syscall") int proxy_share(void *ctx UNUSED)
{
	struct en_proxy *p, *q;
	struct slot *to;
	BEGIN;

	to = get_slot(x->a);
	if (!to)
		return NO_SLOT;
	p = bpf_kptr_xchg(&s->proxy, 0);
	if (!p)
		return NO_PROXY;
	q = bpf_en_proxy_share(p);
	put_proxy(s, p);
	put_proxy(to, q);
	return 0;
}

SEC("?syscall") int proxy_drop(void *ctx UNUSED)
{
	struct en_proxy *p;
	BEGIN;

	p = bpf_kptr_xchg(&s->proxy, 0);
	if (!p)
		return NO_PROXY;
	bpf_en_proxy_release(p);
	return 0;
}

static __always_inline __u64 new_node(struct en_proxy *p)
{
	struct en_node *node = bpf_en_node_new(p);
	__u64 id;

	if (!node)
		return 0;
	id = bpf_en_node_id(node);
	bpf_en_node_release(node);
	return id;
}

/* Keeps the node of an id in slot s, as a kptr; 0 if there is no such node. */
static __always_inline int keep(struct slot *s, struct en_proxy *p, __u64 id)
{
	struct en_node *node = bpf_en_node_at(p, id);

	if (!node)
		return 0;
	node = bpf_kptr_xchg(&s->node, node);
	if (node)
		bpf_en_node_release(node);
	return 1;
}

/* The id of the node behind an edge, by way of a kptr. */
static __always_inline __u64 next_of(struct en_node *node, __u32 edge)
{
	struct en_node *next = bpf_en_node_next(node, edge);
	__u64 id;

	if (!next)
		return 0;
	id = bpf_en_node_id(next);
	bpf_en_node_release(next);
	return id;
}

static __always_inline __u64 get_ordered(struct en_proxy *p, const void *key, __u64 n)
{
	struct en_node *node = bpf_en_ordered_get(p, key, n);
	__u64 id;

	if (!node)
		return 0;
	id = bpf_en_node_id(node);
	bpf_en_node_release(node);
	return id;
}

ON_PROXY(proxy_count, bpf_en_proxy_count(p))
ON_PROXY(node_new, new_node(p))
ON_PROXY(node_nth, bpf_en_node_nth(p, x->a))
ON_PROXY(node_hop, bpf_en_node_hop(p, x->a, x->b))
ON_PROXY(node_read, bpf_en_node_read(p, x->a, x->value, m))
ON_PROXY(node_keep, keep(s, p, x->a))
ON_PROXY(root_set, bpf_en_root_set(p, x->a, x->b))
ON_PROXY(root_get, bpf_en_root_get(p, x->a))

ON_NODE(node_id, bpf_en_node_id(node))
ON_NODE(node_remove, bpf_en_node_remove(node))
ON_NODE(node_write, bpf_en_node_write(node, x->b, x->data, n))
ON_NODE(node_link, bpf_en_node_link(node, x->b, x->c))
ON_NODE(node_next, next_of(node, x->b))
/* Reads a word of the payload in place. */
ON_NODE(node_word, ({ __u64 w = 0; if (x->b == 0) w = node->data[0]; else if (x->b == 15) w = node->data[15]; w; }))

ON_PROXY(ordered_find, bpf_en_ordered_find(p, x->data, n, x->value, m))
ON_PROXY(ordered_get, get_ordered(p, x->data, n))
ON_PROXY(ordered_seek, bpf_en_ordered_seek(p, x->data, n))
ON_PROXY(ordered_put, bpf_en_ordered_put(p, x->data, n, x->a))
ON_PROXY(ordered_delete, bpf_en_ordered_delete(p, x->data, n))

ON_PROXY(ranked_push, bpf_en_ranked_push(p, x->a, x->data, n))
ON_PROXY(ranked_pop, bpf_en_ranked_pop(p, x->value, m))
ON_PROXY(ranked_pop_due, bpf_en_ranked_pop_due(p, x->a, x->value, m))
ON_PROXY(ranked_peek, bpf_en_ranked_peek(p, (__u64 *)x->value, m))

/* What the kept node of a slot tells, whatever became of its proxy. */
SEC("?syscall") int kept(void *ctx UNUSED)
{
	struct en_node *node;
	BEGIN;

	node = bpf_kptr_xchg(&s->node, 0);
	if (!node)
		return NO_NODE;
	x->result = bpf_en_node_id(node);
	x->value[0] = node->data[0];
	x->value[1] = next_of(node, x->b);
	x->value[2] = bpf_en_node_remove(node);
	node = bpf_kptr_xchg(&s->node, node);
	if (node)
		bpf_en_node_release(node);
	return 0;
}

SEC("?syscall") int kept_drop(void *ctx UNUSED)
{
	struct en_node *node;
	BEGIN;

	node = bpf_kptr_xchg(&s->node, 0);
	if (!node)
		return NO_NODE;
	bpf_en_node_release(node);
	return 0;
}

char _license[] SEC("license") = "GPL";
