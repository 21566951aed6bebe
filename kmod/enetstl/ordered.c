// SPDX-License-Identifier: GPL-2.0
/*
 * Ordered proxies: a skip list (Pugh, 1990). Lookups walk it under RCU; changes take
 * the proxy's lock. A new node is linked from the lowest level up and a removed one
 * unlinked from the top down, so a lookup at any moment finds all nodes that are there
 * all the while.
 *
 * Keys are compared by their first 8 bytes as one number, kept in the node, and only
 * if these are equal by the rest.
 */
#include <linux/string.h>

#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "proxy.h"

struct en_key {
	u64 rank;
	const u8 *rest;
	u32 rest_len;
};

static __always_inline struct en_key en_key(const void *key, u32 len)
{
	struct en_key k = { .rest = key + 8 };
	u64 head = 0;

	if (likely(len >= 8)) {
		k.rank = get_unaligned_be64(key);
		k.rest_len = len - 8;
		return k;
	}
	memcpy(&head, key, len);
	k.rank = be64_to_cpu((__force __be64)head);
	return k;
}

static __always_inline int en_compare(const struct en_node *n, const struct en_key *k)
{
	u64 rank = n->rank;

	if (rank != k->rank)
		return rank < k->rank ? -1 : 1;
	if (likely(!k->rest_len))
		return 0;
	return memcmp((const u8 *)n->data + 8, k->rest, k->rest_len);
}

/* The last node whose key is less, on the lowest level; under RCU or the lock. */
static __always_inline struct en_node *en_before(struct en_proxy *p, const struct en_key *k,
						 struct en_node **path)
{
	struct en_node *n = en_head(p), *next;
	u32 level = READ_ONCE(p->levels);

	while (level--) {
		while ((next = rcu_dereference_raw(n->edge[level])) && en_compare(next, k) < 0)
			n = next;
		if (path)
			path[level] = n;
	}
	return n;
}

/* The node of a key, or NULL; under RCU. A hit on any level ends the search. */
static __always_inline struct en_node *en_search(struct en_proxy *p, const struct en_key *k)
{
	struct en_node *n = en_head(p), *next;
	u32 level = READ_ONCE(p->levels);
	int order;

	while (level--) {
		while ((next = rcu_dereference_raw(n->edge[level]))) {
			order = en_compare(next, k);
			if (order == 0)
				return next;
			if (order > 0)
				break;
			n = next;
		}
	}
	return NULL;
}

static __always_inline bool en_ordered_sane(const struct en_proxy *p, u32 key)
{
	return likely(p->kind == EN_ORDERED && key == p->key);
}

__bpf_kfunc int bpf_en_ordered_find(struct en_proxy *proxy, const void *key, u32 key__sz,
				    void *value, u32 value__sz)
{
	struct en_key k;
	struct en_node *n;
	int err = -ENOENT;

	if (!en_ordered_sane(proxy, key__sz) || value__sz > proxy->payload)
		return -EINVAL;
	k = en_key(key, key__sz);
	rcu_read_lock();
	n = en_search(proxy, &k);
	if (n) {
		en_copy(value, n->data, value__sz);
		err = 0;
	}
	rcu_read_unlock();
	return err;
}

__bpf_kfunc struct en_node *bpf_en_ordered_get(struct en_proxy *proxy, const void *key,
					       u32 key__sz)
{
	struct en_key k;
	struct en_node *n;

	if (!en_ordered_sane(proxy, key__sz))
		return NULL;
	k = en_key(key, key__sz);
	rcu_read_lock();
	n = en_search(proxy, &k);
	if (n && !en_node_hold(n, READ_ONCE(n->generation) | 1))
		n = NULL;
	rcu_read_unlock();
	return n;
}

__bpf_kfunc u64 bpf_en_ordered_seek(struct en_proxy *proxy, const void *key, u32 key__sz)
{
	struct en_key k;
	struct en_node *n;
	u64 id = 0;

	if (!en_ordered_sane(proxy, key__sz))
		return 0;
	k = en_key(key, key__sz);
	rcu_read_lock();
	n = rcu_dereference_raw(en_before(proxy, &k, NULL)->edge[0]);
	if (n)
		id = en_id(n, READ_ONCE(n->generation));
	rcu_read_unlock();
	return id;
}

/* Under RCU: the next on a level; NULL if the node is not a member any more. */
struct en_node *en_ordered_edge(struct en_node *n, u32 edge)
{
	if (n->proxy->kind != EN_ORDERED || !en_is_member(READ_ONCE(n->generation)))
		return NULL;
	return edge < n->height ? rcu_dereference(n->edge[edge]) : NULL;
}

/* One more level with probability 1/4. */
static u32 en_draw_height(struct en_proxy *p)
{
	/* Knuth's MMIX generator; its high bits are the good ones. */
	p->lots = p->lots * 6364136223846793005ull + 1442695040888963407ull;
	return 1 + __ffs64(p->lots >> 33 | 1ull << 30) / 2;
}

/* With the lock held and the path to the key: a new node. */
static int en_ordered_insert(struct en_proxy *p, const struct en_key *k, const void *data,
			     u32 height, struct en_node **path)
{
	struct en_node *n = en_node_take(p);
	u32 level;

	if (!n)
		return -ENOSPC;
	if (!height)
		height = en_draw_height(p);
	en_copy(n->data, data, p->payload);
	n->rank = k->rank;
	n->height = height;
	for (level = p->levels; level < height; level++)
		path[level] = en_head(p);
	for (level = 0; level < height; level++)
		RCU_INIT_POINTER(n->edge[level], rcu_dereference_raw(path[level]->edge[level]));
	en_node_enter(n);
	for (level = 0; level < height; level++)
		rcu_assign_pointer(path[level]->edge[level], n);
	if (height > p->levels)
		WRITE_ONCE(p->levels, height);
	atomic_inc(&p->members);
	return 1;
}

__bpf_kfunc int bpf_en_ordered_put(struct en_proxy *proxy, const void *data, u32 data__sz,
				   u32 height)
{
	struct en_proxy *p = proxy;
	struct en_node *path[EN_EDGES], *n;
	unsigned long flags;
	struct en_key k;
	int ret = 0;

	if (p->kind != EN_ORDERED || data__sz != p->payload || height > EN_EDGES)
		return -EINVAL;
	k = en_key(data, p->key);
	if (!en_lock(&p->lock, &flags))
		return -EBUSY;
	n = rcu_dereference_raw(en_before(p, &k, path)->edge[0]);
	if (n && en_compare(n, &k) == 0)
		en_copy(n->data, data, data__sz);
	else
		ret = en_ordered_insert(p, &k, data, height, path);
	en_unlock(&p->lock, flags);
	return ret;
}

/* Removes the node of the key, if it is there and, unless only is NULL, is that one. */
static int en_ordered_cut(struct en_proxy *p, const struct en_key *k, struct en_node *only)
{
	struct en_node *path[EN_EDGES], *n;
	unsigned long flags;
	u32 level;

	if (!en_lock(&p->lock, &flags))
		return -EBUSY;
	n = rcu_dereference_raw(en_before(p, k, path)->edge[0]);
	if (!n || en_compare(n, k) || (only && n != only) || p->dying) {
		en_unlock(&p->lock, flags);
		return -ENOENT;
	}
	for (level = n->height; level--;)
		rcu_assign_pointer(path[level]->edge[level], rcu_dereference_raw(n->edge[level]));
	en_node_wait(p, n);
	atomic_dec(&p->members);
	en_unlock(&p->lock, flags);
	return 0;
}

__bpf_kfunc int bpf_en_ordered_delete(struct en_proxy *proxy, const void *key, u32 key__sz)
{
	struct en_key k;

	if (!en_ordered_sane(proxy, key__sz))
		return -EINVAL;
	k = en_key(key, key__sz);
	return en_ordered_cut(proxy, &k, NULL);
}

int en_ordered_remove(struct en_proxy *p, struct en_node *n)
{
	struct en_key k = en_key(n->data, p->key);

	/* A program holds it, so if it was removed the key's node is another one. */
	return en_ordered_cut(p, &k, n);
}
