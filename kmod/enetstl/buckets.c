// SPDX-License-Identifier: GPL-2.0
/*
 * List buckets. The contract of each kfunc is in buckets.h.
 *
 * A set is slots and entries of one CPU, or of all: lists are linked by index, and a
 * tree of bitmaps tells which slots have any. A set of one CPU is protected by
 * interrupts being off and nobody else inside (lock.h), one of all by its lock.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "module.h"
#include "object.h"
#include "proxy.h" /* en_copy */

#define TREE_FFS(word) __ffs64(word)
#include "lib/tree.h"

#define EN_NO_ENTRY (~0u)

struct en_slot_ends {
	u32 first, last; /* last is undefined when first is EN_NO_ENTRY */
};

struct en_set {
	raw_spinlock_t lock;
	u32 fresh, free, used;
	struct en_slot_ends *slots;
	u64 *index; /* tree of slots that are not empty */
	void *entries;
};

struct en_buckets {
	struct en_object object;
	struct en_set *shared;		/* either */
	struct en_set __percpu *own;	/* or */
	u32 slots, payload, entries, stride, levels;
};

struct en_entry {
	u32 next;
	u32 unused;
	u8 data[];
};

static __always_inline struct en_entry *en_entry(const struct en_buckets *b,
						 const struct en_set *s, u32 i)
{
	return s->entries + (u64)i * b->stride;
}

static void en_set_free(struct en_set *s)
{
	kvfree(s->slots);
	kvfree(s->index);
	kvfree(s->entries);
}

static int en_set_init(const struct en_buckets *b, struct en_set *s)
{
	u32 i;

	raw_spin_lock_init(&s->lock);
	s->free = EN_NO_ENTRY;
	s->slots = kvmalloc_array(b->slots, sizeof(*s->slots), GFP_KERNEL_ACCOUNT);
	s->index = kvcalloc(tree_words(b->levels), sizeof(u64), GFP_KERNEL_ACCOUNT);
	s->entries = kvcalloc(b->entries, b->stride, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!s->slots || !s->index || !s->entries)
		return -ENOMEM;
	for (i = 0; i < b->slots; i++)
		s->slots[i].first = EN_NO_ENTRY;
	return 0;
}

static void en_buckets_free(struct en_buckets *b)
{
	int cpu;

	if (b->shared) {
		en_set_free(b->shared);
		kfree(b->shared);
	}
	if (b->own) {
		for_each_possible_cpu(cpu)
			en_set_free(per_cpu_ptr(b->own, cpu));
		free_percpu(b->own);
	}
	kfree(b);
}

static void en_buckets_destroy(struct en_object *object)
{
	en_buckets_free(container_of(object, struct en_buckets, object));
	en_live_add(EN_LIVE_BUCKETS, -1);
}

static int en_buckets_fill(struct en_buckets *b, bool per_cpu)
{
	int cpu, err;

	if (!per_cpu) {
		b->shared = kzalloc(sizeof(*b->shared), GFP_KERNEL_ACCOUNT);
		return b->shared ? en_set_init(b, b->shared) : -ENOMEM;
	}
	b->own = alloc_percpu_gfp(struct en_set, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!b->own)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		err = en_set_init(b, per_cpu_ptr(b->own, cpu));
		if (err)
			return err;
	}
	return 0;
}

__bpf_kfunc struct en_buckets *bpf_en_buckets_new(u32 slots, u32 payload, u32 entries, u32 flags)
{
	struct en_buckets *b;

	if (!slots || slots > EN_SLOTS_MAX || !payload || payload > EN_PAYLOAD_MAX)
		return NULL;
	if (!entries || entries > EN_ENTRIES_MAX || flags & ~EN_PER_CPU)
		return NULL;
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	en_object_init(&b->object, en_buckets_destroy);
	b->slots = slots;
	b->payload = payload;
	b->entries = entries;
	b->stride = sizeof(struct en_entry) + round_up(payload, 8);
	b->levels = slots <= 64 ? 1 : slots <= 4096 ? 2 : 3;
	if (en_buckets_fill(b, flags & EN_PER_CPU)) {
		en_buckets_free(b);
		return NULL;
	}
	en_live_add(EN_LIVE_BUCKETS, 1);
	return b;
}

__bpf_kfunc struct en_buckets *bpf_en_buckets_share(struct en_buckets *buckets)
{
	refcount_inc(&buckets->object.refs);
	return buckets;
}

__bpf_kfunc void bpf_en_buckets_release(struct en_buckets *buckets)
{
	en_object_put(&buckets->object);
}

__bpf_kfunc void bpf_en_buckets_dtor(void *buckets)
{
	if (buckets) /* Linux 6.1 destroys empty slots, too */
		bpf_en_buckets_release(buckets);
}
CFI_NOSEAL(bpf_en_buckets_dtor);

/* Enters the set of this CPU, or of all; NULL: -EBUSY. */
static __always_inline struct en_set *en_set_enter(struct en_buckets *b, unsigned long *flags)
{
	if (b->shared)
		return en_lock(&b->shared->lock, flags) ? b->shared : NULL;
	return en_enter(flags) ? this_cpu_ptr(b->own) : NULL;
}

static __always_inline void en_set_leave(struct en_buckets *b, struct en_set *s,
					 unsigned long flags)
{
	if (b->shared)
		raw_spin_unlock(&s->lock);
	en_leave(flags);
}

/* An entry that is in no list; EN_NO_ENTRY: there are none. */
static __always_inline u32 en_entry_take(struct en_buckets *b, struct en_set *s)
{
	u32 i = s->free;

	if (i != EN_NO_ENTRY)
		s->free = en_entry(b, s, i)->next;
	else if (s->fresh < b->entries)
		i = s->fresh++;
	else
		return EN_NO_ENTRY;
	s->used++;
	return i;
}

static __always_inline void en_entry_append(struct en_buckets *b, struct en_set *s, u32 slot,
					    u32 i, bool front)
{
	struct en_slot_ends *ends = &s->slots[slot];
	struct en_entry *e = en_entry(b, s, i);

	if (ends->first == EN_NO_ENTRY) {
		e->next = EN_NO_ENTRY;
		ends->first = i;
		ends->last = i;
		tree_set(s->index, b->levels, slot);
	} else if (front) {
		e->next = ends->first;
		ends->first = i;
	} else {
		e->next = EN_NO_ENTRY;
		en_entry(b, s, ends->last)->next = i;
		ends->last = i;
	}
}

static __always_inline int en_push(struct en_buckets *b, u32 slot, const void *data, u32 n,
				   bool front)
{
	unsigned long flags;
	struct en_set *s;
	u32 i;

	if (unlikely(slot >= b->slots || n != b->payload))
		return -EINVAL;
	s = en_set_enter(b, &flags);
	if (!s)
		return -EBUSY;
	i = en_entry_take(b, s);
	if (likely(i != EN_NO_ENTRY)) {
		en_copy(en_entry(b, s, i)->data, data, n);
		en_entry_append(b, s, slot, i, front);
	}
	en_set_leave(b, s, flags);
	return i != EN_NO_ENTRY ? 0 : -ENOSPC;
}

__bpf_kfunc int bpf_en_buckets_push(struct en_buckets *buckets, u32 slot, const void *data,
				    u32 data__sz)
{
	return en_push(buckets, slot, data, data__sz, false);
}

__bpf_kfunc int bpf_en_buckets_push_front(struct en_buckets *buckets, u32 slot,
					  const void *data, u32 data__sz)
{
	return en_push(buckets, slot, data, data__sz, true);
}

/* Takes the first entry out of a slot that is not empty. */
static __always_inline void en_entry_shift(struct en_buckets *b, struct en_set *s, u32 slot,
					   void *data)
{
	struct en_slot_ends *ends = &s->slots[slot];
	u32 i = ends->first;
	struct en_entry *e = en_entry(b, s, i);

	ends->first = e->next;
	if (ends->first == EN_NO_ENTRY)
		tree_clear(s->index, b->levels, slot);
	en_copy(data, e->data, b->payload);
	e->next = s->free;
	s->free = i;
	s->used--;
}

__bpf_kfunc int bpf_en_buckets_pop(struct en_buckets *buckets, u32 slot, void *data,
				   u32 data__sz)
{
	struct en_buckets *b = buckets;
	unsigned long flags;
	struct en_set *s;
	int ret = -ENOENT;

	if (unlikely(slot >= b->slots || data__sz != b->payload))
		return -EINVAL;
	s = en_set_enter(b, &flags);
	if (!s)
		return -EBUSY;
	if (s->slots[slot].first != EN_NO_ENTRY) {
		en_entry_shift(b, s, slot, data);
		ret = 0;
	}
	en_set_leave(b, s, flags);
	return ret;
}

__bpf_kfunc int bpf_en_buckets_pop_first(struct en_buckets *buckets, u32 from, void *data,
					 u32 data__sz)
{
	struct en_buckets *b = buckets;
	unsigned long flags;
	struct en_set *s;
	int slot;

	if (unlikely(from >= b->slots || data__sz != b->payload))
		return -EINVAL;
	s = en_set_enter(b, &flags);
	if (!s)
		return -EBUSY;
	slot = tree_first(s->index, b->levels, from);
	if (slot >= 0)
		en_entry_shift(b, s, slot, data);
	en_set_leave(b, s, flags);
	return slot >= 0 ? slot : -ENOENT;
}

__bpf_kfunc int bpf_en_buckets_first(struct en_buckets *buckets, u32 from)
{
	struct en_buckets *b = buckets;
	unsigned long flags;
	struct en_set *s;
	int slot;

	if (unlikely(from >= b->slots))
		return -EINVAL;
	s = en_set_enter(b, &flags);
	if (!s)
		return -EBUSY;
	slot = tree_first(s->index, b->levels, from);
	en_set_leave(b, s, flags);
	return slot >= 0 ? slot : -ENOENT;
}

__bpf_kfunc int bpf_en_buckets_move(struct en_buckets *buckets, u32 from, u32 to)
{
	struct en_buckets *b = buckets;
	struct en_slot_ends *src, *dst;
	unsigned long flags;
	struct en_set *s;

	if (unlikely(from >= b->slots || to >= b->slots))
		return -EINVAL;
	s = en_set_enter(b, &flags);
	if (!s)
		return -EBUSY;
	src = &s->slots[from];
	dst = &s->slots[to];
	if (src != dst && src->first != EN_NO_ENTRY) {
		if (dst->first == EN_NO_ENTRY) {
			dst->first = src->first;
			tree_set(s->index, b->levels, to);
		} else {
			en_entry(b, s, dst->last)->next = src->first;
		}
		dst->last = src->last;
		src->first = EN_NO_ENTRY;
		tree_clear(s->index, b->levels, from);
	}
	en_set_leave(b, s, flags);
	return 0;
}

__bpf_kfunc u32 bpf_en_buckets_count(struct en_buckets *buckets)
{
	struct en_set *s = buckets->shared ?: raw_cpu_ptr(buckets->own);

	return READ_ONCE(s->used);
}
