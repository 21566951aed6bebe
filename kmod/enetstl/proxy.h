/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Proxies and nodes, as the files of the memory wrapper see them. See memory.h.
 *
 * The nodes of a proxy are one array, which lives as long as any program holds the
 * proxy or one of its nodes: whatever happens to a node, its memory stays that of a
 * node of this proxy. A node's life:
 *
 *	free -- take --> member -- removed --> (grace period, ordered only) --> unused -- free
 *
 * generation tells members (odd) from others; it moves on at both ends, so that an
 * id, (generation, index), names a member or nothing, for ever (that is, for 2^31
 * lives). refs counts the programs' kptrs, and one for the proxy as long as the node
 * is a member or, in an ordered proxy, as readers may still come by.
 *
 * What protects what:
 * - lock: the lists of free and waiting nodes, use counts; levels and edges of an
 *   ordered proxy and the tree of a ranked one, for those who change them.
 * - RCU: readers of an ordered proxy walk edges without the lock. A removed node keeps
 *   its edges and is not used again before a grace period has passed, so who stands
 *   on it still finds the way on.
 * - nothing: links and roots of a graph are single words, each an id that is checked
 *   when it is followed: a reference is taken first, unless it is 0 already, and then the
 *   generation compared. Were the node used again in between, that shows.
 */
#ifndef ENETSTL_PROXY_H
#define ENETSTL_PROXY_H

#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "enetstl.h"
#include "object.h"

/*
 * The payload comes first, at the offset where programs know it. There is a pointer, so
 * the verifier takes no memory of a program for a node.
 */
struct en_node {
	u64 data[EN_NODE_DATA / 8];
	struct en_proxy *proxy;
	u64 rank; /* ranked: the rank; ordered: the key's first 8 bytes, comparable */
	union {
		u64 link[EN_EDGES];		/* graph */
		struct en_node __rcu *edge[EN_EDGES]; /* ordered */
		struct rb_node tree;		/* ranked */
	};
	refcount_t refs;
	u32 generation;
	u32 height; /* ordered: how many edges */
	union {
		struct en_node *next;	/* free, or waiting for the grace period */
		struct llist_node unused;
	};
	unsigned long grace; /* cookie of the grace period */
} __aligned(64);

struct en_proxy {
	struct en_object object;
	struct en_node *nodes; /* capacity of them, and one more: the head */
	u32 kind, capacity, payload, key;
	u64 root[EN_ROOTS];
	struct list_head all; /* of en_proxies */
	bool listed, dying;

	struct llist_head unused ____cacheline_aligned; /* by those without the lock */
	raw_spinlock_t lock;
	u32 fresh; /* nodes from here on were never used */
	u32 used;
	atomic_t members;
	u32 levels; /* ordered: how many are in use */
	u64 lots; /* ordered: what heights are drawn from */
	struct en_node *free;
	struct en_node *waiting, **waiting_end;
	struct rb_root_cached tree;
};

static __always_inline bool en_is_member(u32 generation)
{
	return generation & 1;
}

static __always_inline u64 en_id(const struct en_node *n, u32 generation)
{
	return (u64)generation << 32 | (u32)(n - n->proxy->nodes);
}

static __always_inline struct en_node *en_head(const struct en_proxy *p)
{
	return &p->nodes[p->capacity];
}

/* The slot an id names, whatever is in it; NULL if there is none. */
static __always_inline struct en_node *en_slot(const struct en_proxy *p, u64 id)
{
	u32 index = (u32)id;

	if (index >= p->capacity || !(id >> 32 & 1))
		return NULL;
	return &p->nodes[index];
}

static __always_inline bool en_names(u64 id, const struct en_node *n)
{
	return READ_ONCE(n->generation) == (u32)(id >> 32);
}

/* With the lock held: a node with one reference, the proxy's; not a member yet. */
struct en_node *en_node_take(struct en_proxy *p);

/* Makes it a member, and what was written to it visible to who finds it. */
static __always_inline void en_node_enter(struct en_node *n)
{
	smp_store_release(&n->generation, n->generation + 1);
}

/* With the lock held: a member of an ordered proxy leaves; its memory waits. */
void en_node_wait(struct en_proxy *p, struct en_node *n);

/* With the lock held: it can be used again. */
static __always_inline void en_node_free(struct en_proxy *p, struct en_node *n)
{
	n->next = p->free;
	p->free = n;
	p->used--;
}

void en_node_unused(struct en_node *n);

static __always_inline void en_node_put(struct en_node *n)
{
	if (refcount_dec_and_test(&n->refs))
		en_node_unused(n);
}

/* Takes a reference of a member. */
static __always_inline bool en_node_hold(struct en_node *n, u32 generation)
{
	if (!refcount_inc_not_zero(&n->refs))
		return false;
	smp_mb__after_atomic();
	if (likely(READ_ONCE(n->generation) == generation))
		return true;
	en_node_put(n);
	return false;
}

/*
 * Copies whole words, so that nobody on another CPU sees half of one, and the rest
 * as it comes.
 */
static __always_inline void en_copy(void *to, const void *from, u32 n)
{
	for (; n >= 8; n -= 8, to += 8, from += 8)
		WRITE_ONCE(*(u64 *)to, *(const u64 *)from);
	if (unlikely(n))
		memcpy(to, from, n);
}

s64 en_nodes_in_use(void);

int en_ordered_remove(struct en_proxy *p, struct en_node *n);
struct en_node *en_ordered_edge(struct en_node *n, u32 edge);
int en_ranked_remove(struct en_proxy *p, struct en_node *n);

#endif
