/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locking for code that programs may call in any context.
 *
 * A tracing program may run within the library itself, attached to something the
 * library calls, or in an NMI that interrupted it. If it then waited for a lock that
 * this CPU holds, it would wait for ever. So each CPU counts whether it is inside, with
 * interrupts off, and whoever comes second is sent away: as the kernel's own hash
 * map does (kernel/bpf/hashtab.c, 20b6cc34ea74). One count for all locks also means
 * that no CPU ever holds two of them, so their order is no matter.
 */
#ifndef ENETSTL_LOCK_H
#define ENETSTL_LOCK_H

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

DECLARE_PER_CPU(int, en_inside);

/* Enters the library on this CPU: interrupts are off until en_leave. */
static __always_inline bool en_enter(unsigned long *flags)
{
	local_irq_save(*flags);
	if (likely(__this_cpu_inc_return(en_inside) == 1))
		return true;
	__this_cpu_dec(en_inside);
	local_irq_restore(*flags);
	return false;
}

static __always_inline void en_leave(unsigned long flags)
{
	__this_cpu_dec(en_inside);
	local_irq_restore(flags);
}

/* Enters and takes the lock. In an NMI it does not wait for other CPUs, either. */
static __always_inline bool en_lock(raw_spinlock_t *lock, unsigned long *flags)
{
	if (!en_enter(flags))
		return false;
	if (likely(!in_nmi())) {
		raw_spin_lock(lock);
		return true;
	}
	if (raw_spin_trylock(lock))
		return true;
	en_leave(*flags);
	return false;
}

/* Takes the lock in a process, outside of the library, where nothing is in the way. */
static inline void en_lock_process(raw_spinlock_t *lock, unsigned long *flags)
{
	while (!en_lock(lock, flags))
		cpu_relax();
}

static __always_inline void en_unlock(raw_spinlock_t *lock, unsigned long flags)
{
	raw_spin_unlock(lock);
	en_leave(flags);
}

#endif
