/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Memory wrapper: linked structures in BPF. Included by enetstl.h.
 *
 * A proxy owns any number of nodes; the program keeps the one kptr of the proxy, in a
 * map, and so all of them. Nodes are memory of the proxy, allocated when it is made, so
 * that programs allocate in a few instructions in any context, and never more than
 * they were given.
 *
 * A node is named by its id, a number: nodes refer to each other, and maps, stacks and
 * contexts of bpf_loop to nodes, by id. An id is checked whenever it is used: that of a
 * node that was removed is no node's any more (its slot's generation, in the upper 32
 * bits, has moved on), so an edge never leads to the wrong node, and removal needs not
 * look for edges. Ids take no references; a node that is to be read in place is taken as
 * a kptr by bpf_en_node_at, _next or _new, and given back by bpf_en_node_release.
 *
 * Proxies come in kinds. In a graph the program draws the edges. An ordered proxy
 * keeps its nodes in the order of their keys, as a skip list does, and a ranked one by
 * rank, for queues; there the library draws them, and one call does a whole
 * operation.
 *
 * To share a proxy among CPUs keep in an array map a kptr for each, made by
 * bpf_en_proxy_share. All functions may be called on all CPUs at once.
 */
#ifndef ENETSTL_MEMORY_H
#define ENETSTL_MEMORY_H

#define EN_NODE_DATA 128 /* bytes of payload in a node */
#define EN_EDGES 16	 /* edges of a node */
#define EN_ROOTS 16	 /* places in a proxy where ids can be kept */
#define EN_NODES_MAX (1 << 24)

enum {
	EN_GRAPH,
	EN_ORDERED,
	EN_RANKED,
};

EN_OPAQUE(en_proxy);

#ifdef __KERNEL__
struct en_node;
#else
/* What programs see of a node: they read the payload in place. */
struct en_node {
	__u64 data[EN_NODE_DATA / 8];
	struct en_proxy *proxy;
};
#endif

/*
 * Makes a proxy of a kind with room for nodes (1..EN_NODES_MAX) of payload bytes
 * (1..EN_NODE_DATA), the first key of which are the key (ordered: 1..payload, else
 * 0). NULL: bad arguments, or no memory (320 bytes a node, accounted to the caller's
 * memory cgroup). Nodes that were removed from an ordered proxy can be used
 * again after an RCU grace period, so give it some more. Sleepable.
 */
struct en_proxy *bpf_en_proxy_new(__u32 kind, __u32 nodes, __u32 payload, __u32 key) EN_KSYM;

/* Another kptr of the same proxy, for another CPU's map slot. Never NULL. Cost: 5. */
struct en_proxy *bpf_en_proxy_share(struct en_proxy *proxy) EN_KSYM;

/* Gives up a kptr. With the last, all nodes go that no program holds. Cost: 5. */
void bpf_en_proxy_release(struct en_proxy *proxy) EN_KSYM;

/* How many nodes the proxy has. Cost: 5. */
__u32 bpf_en_proxy_count(struct en_proxy *proxy) EN_KSYM;

/*
 * A new node of a graph, zeroed, without edges. It stays the proxy's when it is
 * released, until it is removed. NULL: no room, not a graph, or the lock, see
 * enetstl.h. Takes the proxy's lock. Cost: 120.
 */
struct en_node *bpf_en_node_new(struct en_proxy *proxy) EN_KSYM;

/* Gives up a node taken by any of the functions here. Cost: 5. */
void bpf_en_node_release(struct en_node *node) EN_KSYM;

/* The node's id, never 0. After removal it names nothing. Cost: 15. */
__u64 bpf_en_node_id(struct en_node *node) EN_KSYM;

/* The node of an id; NULL if there is none. Cost: 20. */
struct en_node *bpf_en_node_at(struct en_proxy *proxy, __u64 id) EN_KSYM;

/*
 * The id of the node in a slot, 0..nodes-1, of the proxy, 0 if it is empty: to see
 * all nodes, in no order. Cost: 10.
 */
__u64 bpf_en_node_nth(struct en_proxy *proxy, __u32 slot) EN_KSYM;

/*
 * Removes the node from its proxy, of any kind. Who holds it may go on reading it;
 * its memory is used again when nobody does. -ENOENT: removed before. -EBUSY, takes the
 * proxy's lock (ordered and ranked only). Cost: 15; ordered and ranked as _delete, _pop.
 */
int bpf_en_node_remove(struct en_node *node) EN_KSYM;

/*
 * Writes into the payload, off bytes from its begin. Aligned words of 8 bytes appear to
 * other CPUs whole. -EINVAL: beyond the payload, or touches the key of an ordered
 * node. Cost: 15 + n/8*4.
 */
int bpf_en_node_write(struct en_node *node, __u32 off, const void *data, __u32 data__sz) EN_KSYM;

/*
 * Draws edge (0..EN_EDGES-1) from a node of a graph to the node named to, or none with
 * 0. Stores to, not a reference: it need not exist (yet). -EINVAL: no such edge, not
 * a graph. Cost: 8.
 */
int bpf_en_node_link(struct en_node *node, __u32 edge, __u64 to) EN_KSYM;

/*
 * The node at the end of an edge; NULL if there is none (any more). The edges of an
 * ordered node are the levels it is linked in: 0 leads to the next key. Cost: 25.
 */
struct en_node *bpf_en_node_next(struct en_node *node, __u32 edge) EN_KSYM;

/*
 * The same by ids, without references, as for a cursor in bpf_loop: the id at the
 * end of an edge of the node named at, 0 if either is none. Cost: 20.
 */
__u64 bpf_en_node_hop(struct en_proxy *proxy, __u64 at, __u32 edge) EN_KSYM;

/*
 * Copies the first data__sz bytes of the payload of the node named id. -ENOENT: there is
 * none; -EINVAL: more than the payload. Cost: 25 + n/8*4.
 */
int bpf_en_node_read(struct en_proxy *proxy, __u64 id, void *data, __u32 data__sz) EN_KSYM;

/* Keeps an id, or 0, in a root (0..EN_ROOTS-1) of the proxy. -EINVAL: no such root. Cost: 6. */
int bpf_en_root_set(struct en_proxy *proxy, __u32 root, __u64 id) EN_KSYM;

/* The id kept in a root, 0 if none; it may have been removed since. Cost: 6. */
__u64 bpf_en_root_get(struct en_proxy *proxy, __u32 root) EN_KSYM;

/*
 * Ordered proxies. A key is the first bytes of the payload, in the order of memcmp:
 * numbers in network byte order. Keys are unique. Lookups take no locks and scale with
 * CPUs; put and delete take the proxy's lock.
 *
 * -EINVAL everywhere: not ordered, or a size that is not the proxy's key or payload.
 */

/* Copies the first value__sz bytes of the payload behind the key. -ENOENT. Cost: 40 + 8*h. */
int bpf_en_ordered_find(struct en_proxy *proxy, const void *key, __u32 key__sz, void *value,
			__u32 value__sz) EN_KSYM;

/* The node of a key, NULL if there is none. Cost: 45 + 8*h. */
struct en_node *bpf_en_ordered_get(struct en_proxy *proxy, const void *key,
				   __u32 key__sz) EN_KSYM;

/* The id of the first node whose key is not less, 0 if there is none. Cost: 45 + 8*h. */
__u64 bpf_en_ordered_seek(struct en_proxy *proxy, const void *key, __u32 key__sz) EN_KSYM;

/*
 * Puts a payload, key and all: into a new node, linked in height levels (1..EN_EDGES; 0
 * draws lots: one more with probability 1/4), or over that of the node that has the
 * key. 1: new; 0: was there. -ENOSPC, -EBUSY. Cost: 170 + 8*h.
 */
int bpf_en_ordered_put(struct en_proxy *proxy, const void *data, __u32 data__sz,
		       __u32 height) EN_KSYM;

/* Removes the node of a key. -ENOENT, -EBUSY. Cost: 120 + 8*h. */
int bpf_en_ordered_delete(struct en_proxy *proxy, const void *key, __u32 key__sz) EN_KSYM;

/*
 * Ranked proxies: a red-black tree. Nodes of equal rank stay in the order they came.
 * All take the proxy's lock. -EINVAL everywhere: not ranked, or a size that is not the
 * payload's.
 */

/* Adds a payload. -ENOSPC, -EBUSY. Cost: 150 + 10*h. */
int bpf_en_ranked_push(struct en_proxy *proxy, __u64 rank, const void *data,
		       __u32 data__sz) EN_KSYM;

/* Takes the payload of least rank out. -ENOENT: empty; -EBUSY. Cost: 150. */
int bpf_en_ranked_pop(struct en_proxy *proxy, void *data, __u32 data__sz) EN_KSYM;

/* The same as long as the rank is at most bound: what is due. -ENOENT: nothing is. */
int bpf_en_ranked_pop_due(struct en_proxy *proxy, __u64 bound, void *data,
			  __u32 data__sz) EN_KSYM;

/* Writes the least rank. rank__sz is 8. -ENOENT: empty; -EBUSY. Cost: 60. */
int bpf_en_ranked_peek(struct en_proxy *proxy, __u64 *rank, __u32 rank__sz) EN_KSYM;

#endif
