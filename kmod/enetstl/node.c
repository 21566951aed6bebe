// SPDX-License-Identifier: GPL-2.0
/* Nodes, their edges and ids. The contract of each kfunc is in memory.h. */
#include <linux/string.h>

#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "module.h"
#include "proxy.h"

__bpf_kfunc struct en_node *bpf_en_node_new(struct en_proxy *proxy)
{
	struct en_proxy *p = proxy;
	unsigned long flags;
	struct en_node *n;

	if (p->kind != EN_GRAPH || !en_lock(&p->lock, &flags))
		return NULL;
	n = en_node_take(p);
	en_unlock(&p->lock, flags);
	if (!n)
		return NULL;
	memset(n->data, 0, sizeof(n->data));
	memset(n->link, 0, sizeof(n->link));
	atomic_inc(&p->members);
	refcount_inc(&n->refs); /* the program's */
	en_node_enter(n);
	return n;
}

__bpf_kfunc void bpf_en_node_release(struct en_node *node)
{
	en_node_put(node);
}

__bpf_kfunc void bpf_en_node_dtor(void *node)
{
	if (node) /* Linux 6.1 destroys empty slots, too */
		en_node_put(node);
}
CFI_NOSEAL(bpf_en_node_dtor);

__bpf_kfunc u64 bpf_en_node_id(struct en_node *node)
{
	/* A removed node keeps its last id: whoever holds it keeps it from a new life. */
	return en_id(node, (READ_ONCE(node->generation) - 1) | 1);
}

__bpf_kfunc struct en_node *bpf_en_node_at(struct en_proxy *proxy, u64 id)
{
	struct en_node *n = en_slot(proxy, id);

	return n && en_node_hold(n, id >> 32) ? n : NULL;
}

__bpf_kfunc u64 bpf_en_node_nth(struct en_proxy *proxy, u32 slot)
{
	u32 generation;

	if (slot >= proxy->capacity)
		return 0;
	generation = READ_ONCE(proxy->nodes[slot].generation);
	return en_is_member(generation) ? en_id(&proxy->nodes[slot], generation) : 0;
}

static int en_graph_remove(struct en_proxy *p, struct en_node *n)
{
	u32 generation = READ_ONCE(n->generation);

	if (!en_is_member(generation) ||
	    cmpxchg(&n->generation, generation, generation + 1) != generation)
		return -ENOENT;
	atomic_dec(&p->members);
	en_node_put(n);
	return 0;
}

__bpf_kfunc int bpf_en_node_remove(struct en_node *node)
{
	struct en_proxy *p = node->proxy;

	switch (p->kind) {
	case EN_GRAPH:
		return en_graph_remove(p, node);
	case EN_ORDERED:
		return en_ordered_remove(p, node);
	default:
		return en_ranked_remove(p, node);
	}
}

__bpf_kfunc int bpf_en_node_write(struct en_node *node, u32 off, const void *data, u32 data__sz)
{
	struct en_proxy *p = node->proxy;

	if (off > p->payload || data__sz > p->payload - off || off < p->key)
		return -EINVAL;
	if (likely(off % 8 == 0))
		en_copy((void *)node->data + off, data, data__sz);
	else
		memcpy((void *)node->data + off, data, data__sz);
	return 0;
}

__bpf_kfunc int bpf_en_node_link(struct en_node *node, u32 edge, u64 to)
{
	if (edge >= EN_EDGES || node->proxy->kind != EN_GRAPH)
		return -EINVAL;
	WRITE_ONCE(node->link[edge], to);
	return 0;
}

__bpf_kfunc struct en_node *bpf_en_node_next(struct en_node *node, u32 edge)
{
	struct en_proxy *p = node->proxy;
	struct en_node *n;

	if (edge >= EN_EDGES)
		return NULL;
	if (likely(p->kind == EN_GRAPH)) {
		u64 id = READ_ONCE(node->link[edge]);

		n = en_slot(p, id);
		return n && en_node_hold(n, id >> 32) ? n : NULL;
	}
	rcu_read_lock();
	n = en_ordered_edge(node, edge);
	if (n && !en_node_hold(n, READ_ONCE(n->generation) | 1))
		n = NULL;
	rcu_read_unlock();
	return n;
}

__bpf_kfunc u64 bpf_en_node_hop(struct en_proxy *proxy, u64 at, u32 edge)
{
	struct en_node *n = en_slot(proxy, at);
	u64 to = 0;

	if (!n || edge >= EN_EDGES)
		return 0;
	if (likely(proxy->kind == EN_GRAPH)) {
		to = READ_ONCE(n->link[edge]);
		smp_rmb(); /* the edge is of the life that is checked next */
		if (unlikely(!en_names(at, n)))
			return 0;
		n = en_slot(proxy, to);
		return n && en_names(to, n) ? to : 0;
	}
	rcu_read_lock();
	if (en_names(at, n)) {
		n = en_ordered_edge(n, edge);
		if (n)
			to = en_id(n, READ_ONCE(n->generation));
	}
	rcu_read_unlock();
	return to;
}

__bpf_kfunc int bpf_en_node_read(struct en_proxy *proxy, u64 id, void *data, u32 data__sz)
{
	struct en_node *n = en_slot(proxy, id);

	if (data__sz > proxy->payload)
		return -EINVAL;
	if (!n || !en_names(id, n))
		return -ENOENT;
	smp_rmb();
	en_copy(data, n->data, data__sz);
	smp_rmb(); /* what was copied is of the life that the id names */
	return likely(en_names(id, n)) ? 0 : -ENOENT;
}

__bpf_kfunc int bpf_en_root_set(struct en_proxy *proxy, u32 root, u64 id)
{
	if (root >= EN_ROOTS)
		return -EINVAL;
	WRITE_ONCE(proxy->root[root], id);
	return 0;
}

__bpf_kfunc u64 bpf_en_root_get(struct en_proxy *proxy, u32 root)
{
	return root < EN_ROOTS ? READ_ONCE(proxy->root[root]) : 0;
}
