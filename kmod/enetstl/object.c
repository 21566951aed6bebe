// SPDX-License-Identifier: GPL-2.0
/* The end of objects, and the count of the living. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/irq_work.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "enetstl.h"
#include "lock.h"
#include "object.h"
#include "proxy.h"

DEFINE_PER_CPU(int, en_inside);

static LLIST_HEAD(en_dead);
static struct workqueue_struct *en_reaper;
static atomic_t en_living[EN_LIVE_KINDS];

static void en_reap_work(struct work_struct *work)
{
	struct llist_node *dead = llist_del_all(&en_dead);
	struct en_object *object, *next;

	if (!dead)
		return;
	synchronize_rcu();
	llist_for_each_entry_safe(object, next, dead, dead) {
		/* From here on it may be put on the list again. */
		clear_bit_unlock(0, &object->queued);
		object->destroy(object);
	}
}
static DECLARE_WORK(en_reap, en_reap_work);

static void en_reap_irq(struct irq_work *work)
{
	queue_work(en_reaper, &en_reap);
}
static DEFINE_IRQ_WORK(en_reap_later, en_reap_irq);

void en_object_reap(struct en_object *object)
{
	if (test_and_set_bit(0, &object->queued))
		return;
	llist_add(&object->dead, &en_dead);
	irq_work_queue(&en_reap_later);
}

static void en_grace_irq(struct irq_work *work)
{
	start_poll_synchronize_rcu();
}
static DEFINE_IRQ_WORK(en_grace_later, en_grace_irq);

void en_want_grace(void)
{
	irq_work_queue(&en_grace_later);
}

int en_objects_init(void)
{
	en_reaper = alloc_workqueue("enetstl", WQ_UNBOUND | WQ_MEM_RECLAIM, 1);
	return en_reaper ? 0 : -ENOMEM;
}

/*
 * The module can only be unloaded when no program and no map has an object any more,
 * but the last of them may still be on their way out.
 */
void en_objects_exit(void)
{
	int kind;

	irq_work_sync(&en_reap_later);
	irq_work_sync(&en_grace_later);
	destroy_workqueue(en_reaper);
	for (kind = 0; kind < EN_LIVE_KINDS; kind++)
		WARN(atomic_read(&en_living[kind]), "%d objects of kind %d leaked",
		     atomic_read(&en_living[kind]), kind);
}

void en_live_add(unsigned int kind, int n)
{
	atomic_add(n, &en_living[kind]);
}

__bpf_kfunc s64 bpf_en_live(u32 kind)
{
	if (kind >= EN_LIVE_KINDS)
		return -EINVAL;
	if (kind == EN_LIVE_NODE)
		return en_nodes_in_use();
	return atomic_read(&en_living[kind]);
}
