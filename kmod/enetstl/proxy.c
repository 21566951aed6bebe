// SPDX-License-Identifier: GPL-2.0
/* Proxies: how they begin and end, and whose nodes' memory is whose. */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "module.h"
#include "proxy.h"

static LIST_HEAD(en_proxies);
static DEFINE_MUTEX(en_proxies_lock);

/* With the lock held: finds out which nodes can be used again. */
static void en_reclaim(struct en_proxy *p)
{
	struct llist_node *unused = llist_del_all(&p->unused);
	struct en_node *n, *next;

	llist_for_each_entry_safe(n, next, unused, unused)
		en_node_free(p, n);
	while ((n = p->waiting) && poll_state_synchronize_rcu(n->grace)) {
		p->waiting = n->next;
		if (!p->waiting)
			p->waiting_end = &p->waiting;
		if (refcount_dec_and_test(&n->refs))
			en_node_free(p, n);
	}
	/* Nobody else might ask for one. */
	if (p->waiting && !p->free)
		en_want_grace();
}

struct en_node *en_node_take(struct en_proxy *p)
{
	struct en_node *n;

	if (unlikely(!p->free && p->fresh == p->capacity))
		en_reclaim(p);
	n = p->free;
	if (n)
		p->free = n->next;
	else if (p->fresh < p->capacity)
		n = &p->nodes[p->fresh++];
	else
		return NULL;
	p->used++;
	refcount_set(&n->refs, 1);
	return n;
}

void en_node_wait(struct en_proxy *p, struct en_node *n)
{
	WRITE_ONCE(n->generation, n->generation + 1);
	n->grace = get_state_synchronize_rcu();
	n->next = NULL;
	*p->waiting_end = n;
	p->waiting_end = &n->next;
}

/*
 * Nobody holds the node any more. The lock may be held by this very CPU, so the node
 * goes on a list without. When the proxy is dying, en_proxy_destroy is to look again;
 * the read-side section keeps it from freeing the proxy meanwhile.
 */
void en_node_unused(struct en_node *n)
{
	struct en_proxy *p = n->proxy;

	rcu_read_lock();
	llist_add(&n->unused, &p->unused);
	if (unlikely(READ_ONCE(p->dying)))
		en_object_reap(&p->object);
	rcu_read_unlock();
}

/* Nobody has the proxy any more: all members leave it. */
static void en_expel(struct en_proxy *p)
{
	unsigned long flags;
	struct en_node *n, *next;
	u32 i;

	/* Removals that have seen the proxy alive are over when the lock is taken. */
	en_lock_process(&p->lock, &flags);
	n = p->waiting;
	p->waiting = NULL;
	p->waiting_end = &p->waiting;
	en_unlock(&p->lock, flags);
	for (; n; n = next) {
		next = n->next;
		en_node_put(n);
	}
	for (i = 0; i < p->fresh; i++) {
		u32 generation = READ_ONCE(p->nodes[i].generation);

		/* A program that holds the node may be removing it from a graph. */
		if (en_is_member(generation) &&
		    cmpxchg(&p->nodes[i].generation, generation, generation + 1) == generation)
			en_node_put(&p->nodes[i]);
		if (i % 4096 == 4095)
			cond_resched();
	}
}

/*
 * Called when the last kptr of the proxy is given up, and from then on whenever the
 * last one of a node is: the memory goes with the last of them.
 */
static void en_proxy_destroy(struct en_object *object)
{
	struct en_proxy *p = container_of(object, struct en_proxy, object);
	bool first = !p->dying;
	unsigned long flags;
	u32 used;

	WRITE_ONCE(p->dying, true);
	smp_mb(); /* pairs with llist_add in en_node_unused: one of both sees the other */
	if (first)
		en_expel(p);
	en_lock_process(&p->lock, &flags);
	en_reclaim(p);
	used = p->used;
	en_unlock(&p->lock, flags);
	if (used)
		return;
	mutex_lock(&en_proxies_lock);
	if (p->listed)
		list_del_rcu(&p->all);
	p->listed = false;
	mutex_unlock(&en_proxies_lock);
	synchronize_rcu();
	/* Whoever gave up the last node may have asked for one more look meanwhile. */
	if (test_bit(0, &p->object.queued))
		return;
	kvfree(p->nodes);
	kfree(p);
	en_live_add(EN_LIVE_PROXY, -1);
}

static bool en_proxy_sane(u32 kind, u32 nodes, u32 payload, u32 key)
{
	if (kind > EN_RANKED || !nodes || nodes > EN_NODES_MAX)
		return false;
	if (!payload || payload > EN_NODE_DATA)
		return false;
	return kind == EN_ORDERED ? key && key <= payload : !key;
}

__bpf_kfunc struct en_proxy *bpf_en_proxy_new(u32 kind, u32 nodes, u32 payload, u32 key)
{
	struct en_proxy *p;
	u32 i;

	if (!en_proxy_sane(kind, nodes, payload, key))
		return NULL;
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return NULL;
	p->nodes = kvcalloc(nodes + 1, sizeof(*p->nodes), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!p->nodes) {
		kfree(p);
		return NULL;
	}
	for (i = 0; i <= nodes; i++) {
		p->nodes[i].proxy = p;
		if (i % 4096 == 4095)
			cond_resched();
	}
	en_object_init(&p->object, en_proxy_destroy);
	raw_spin_lock_init(&p->lock);
	init_llist_head(&p->unused);
	p->kind = kind;
	p->capacity = nodes;
	p->payload = payload;
	p->key = key;
	p->waiting_end = &p->waiting;
	p->tree = RB_ROOT_CACHED;
	p->lots = get_random_u64();
	mutex_lock(&en_proxies_lock);
	list_add_rcu(&p->all, &en_proxies);
	p->listed = true;
	mutex_unlock(&en_proxies_lock);
	en_live_add(EN_LIVE_PROXY, 1);
	return p;
}

__bpf_kfunc struct en_proxy *bpf_en_proxy_share(struct en_proxy *proxy)
{
	refcount_inc(&proxy->object.refs);
	return proxy;
}

__bpf_kfunc void bpf_en_proxy_release(struct en_proxy *proxy)
{
	en_object_put(&proxy->object);
}

__bpf_kfunc void bpf_en_proxy_dtor(void *proxy)
{
	if (proxy) /* Linux 6.1 destroys empty slots, too */
		bpf_en_proxy_release(proxy);
}
CFI_NOSEAL(bpf_en_proxy_dtor);

__bpf_kfunc u32 bpf_en_proxy_count(struct en_proxy *proxy)
{
	return atomic_read(&proxy->members);
}

/* How many nodes of all proxies are in use, after what can be done to reuse them. */
s64 en_nodes_in_use(void)
{
	unsigned long flags;
	struct en_proxy *p;
	s64 n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &en_proxies, all) {
		if (!READ_ONCE(p->dying) && en_lock(&p->lock, &flags)) {
			en_reclaim(p);
			if (p->waiting)
				en_want_grace();
			en_unlock(&p->lock, flags);
		}
		n += READ_ONCE(p->used);
	}
	rcu_read_unlock();
	return n;
}
