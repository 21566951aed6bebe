/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that programs hold kptrs of: counted references, and an end that suits any
 * context.
 *
 * A reference may be given up anywhere, with interrupts off or in an NMI, where memory
 * cannot be freed and no work be queued. So the last one only puts the object on a
 * lockless list and raises an irq_work, which queues the work that frees it in a
 * process, after an RCU grace period: lookups that began before need no references.
 */
#ifndef ENETSTL_OBJECT_H
#define ENETSTL_OBJECT_H

#include <linux/llist.h>
#include <linux/refcount.h>

struct en_object {
	refcount_t refs;
	unsigned long queued; /* bit 0: is on the list */
	struct llist_node dead;
	void (*destroy)(struct en_object *object); /* in a process, after a grace period */
};

static inline void en_object_init(struct en_object *object,
				  void (*destroy)(struct en_object *))
{
	refcount_set(&object->refs, 1);
	object->queued = 0;
	object->destroy = destroy;
}

/* Has destroy called, once for any number of calls before it begins. */
void en_object_reap(struct en_object *object);

static __always_inline void en_object_put(struct en_object *object)
{
	if (refcount_dec_and_test(&object->refs))
		en_object_reap(object);
}

/* Asks for an RCU grace period to begin; any context. */
void en_want_grace(void);

int en_objects_init(void);
void en_objects_exit(void);

/* Counts of living objects, but for nodes. */
void en_live_add(unsigned int kind, int n);

#endif
