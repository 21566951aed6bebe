// SPDX-License-Identifier: GPL-2.0
/* Ranked proxies: a red-black tree of nodes, all under the proxy's lock. */
#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "proxy.h"

static __always_inline bool en_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct en_node, tree)->rank < rb_entry(b, struct en_node, tree)->rank;
}

static __always_inline bool en_ranked_sane(const struct en_proxy *p, u32 size)
{
	return likely(p->kind == EN_RANKED && size == p->payload);
}

__bpf_kfunc int bpf_en_ranked_push(struct en_proxy *proxy, u64 rank, const void *data,
				   u32 data__sz)
{
	struct en_proxy *p = proxy;
	unsigned long flags;
	struct en_node *n;

	if (!en_ranked_sane(p, data__sz))
		return -EINVAL;
	if (!en_lock(&p->lock, &flags))
		return -EBUSY;
	n = en_node_take(p);
	if (n) {
		en_copy(n->data, data, data__sz);
		n->rank = rank;
		rb_add_cached(&n->tree, &p->tree, en_less);
		en_node_enter(n);
		atomic_inc(&p->members);
	}
	en_unlock(&p->lock, flags);
	return n ? 0 : -ENOSPC;
}

/* With the lock held: a node leaves. What the proxy held of it is the caller's. */
static __always_inline void en_ranked_leave(struct en_proxy *p, struct en_node *n)
{
	rb_erase_cached(&n->tree, &p->tree);
	WRITE_ONCE(n->generation, n->generation + 1);
	atomic_dec(&p->members);
}

static __always_inline int en_ranked_take(struct en_proxy *p, u64 bound, void *data)
{
	struct rb_node *first;
	unsigned long flags;
	struct en_node *n;

	if (!en_lock(&p->lock, &flags))
		return -EBUSY;
	first = rb_first_cached(&p->tree);
	n = rb_entry_safe(first, struct en_node, tree);
	if (!n || n->rank > bound) {
		en_unlock(&p->lock, flags);
		return -ENOENT;
	}
	en_ranked_leave(p, n);
	en_copy(data, n->data, p->payload);
	if (likely(refcount_dec_and_test(&n->refs)))
		en_node_free(p, n);
	en_unlock(&p->lock, flags);
	return 0;
}

__bpf_kfunc int bpf_en_ranked_pop(struct en_proxy *proxy, void *data, u32 data__sz)
{
	if (!en_ranked_sane(proxy, data__sz))
		return -EINVAL;
	return en_ranked_take(proxy, U64_MAX, data);
}

__bpf_kfunc int bpf_en_ranked_pop_due(struct en_proxy *proxy, u64 bound, void *data,
				      u32 data__sz)
{
	if (!en_ranked_sane(proxy, data__sz))
		return -EINVAL;
	return en_ranked_take(proxy, bound, data);
}

__bpf_kfunc int bpf_en_ranked_peek(struct en_proxy *proxy, u64 *rank, u32 rank__sz)
{
	struct rb_node *first;
	unsigned long flags;

	if (proxy->kind != EN_RANKED || rank__sz != sizeof(*rank))
		return -EINVAL;
	if (!en_lock(&proxy->lock, &flags))
		return -EBUSY;
	first = rb_first_cached(&proxy->tree);
	if (first)
		*rank = rb_entry(first, struct en_node, tree)->rank;
	en_unlock(&proxy->lock, flags);
	return first ? 0 : -ENOENT;
}

int en_ranked_remove(struct en_proxy *p, struct en_node *n)
{
	unsigned long flags;

	if (!en_lock(&p->lock, &flags))
		return -EBUSY;
	if (!en_is_member(n->generation) || p->dying) {
		en_unlock(&p->lock, flags);
		return -ENOENT;
	}
	en_ranked_leave(p, n);
	en_unlock(&p->lock, flags);
	en_node_put(n);
	return 0;
}
