/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * List buckets: slots, each a list of payloads of one fixed size. Included by enetstl.h.
 * What timing wheels, calendar queues and bucketed priority queues are made of.
 *
 * All entries are allocated when the buckets are made; freeing the buckets frees what
 * is still in them. Either the slots are shared by all CPUs, under a lock, or each CPU
 * has its own, with as many entries. Everything is -EBUSY as enetstl.h says, and
 * -EINVAL for no such slot or a size that is not the payload's.
 */
#ifndef ENETSTL_BUCKETS_H
#define ENETSTL_BUCKETS_H

#define EN_SLOTS_MAX (1 << 18)
#define EN_ENTRIES_MAX (1 << 24)
#define EN_PAYLOAD_MAX 256
#define EN_PER_CPU (1 << 0)

EN_OPAQUE(en_buckets);

/*
 * Makes slots (1..EN_SLOTS_MAX) with entries (1..EN_ENTRIES_MAX) of payload
 * bytes (1..EN_PAYLOAD_MAX); with EN_PER_CPU as many for each CPU. NULL: bad
 * arguments, or no memory (an entry takes 8 bytes and the payload, rounded up to 8; a
 * slot 8). Sleepable.
 */
struct en_buckets *bpf_en_buckets_new(__u32 slots, __u32 payload, __u32 entries,
				      __u32 flags) EN_KSYM;

/* Another kptr of the same buckets, for another CPU's map slot. Never NULL. Cost: 5. */
struct en_buckets *bpf_en_buckets_share(struct en_buckets *buckets) EN_KSYM;

/* Gives up a kptr; with the last go the buckets and what is in them. Cost: 5. */
void bpf_en_buckets_release(struct en_buckets *buckets) EN_KSYM;

/* Adds to a slot's end, or front. -ENOSPC: all entries are in use. Cost: 60 + n/8*2. */
int bpf_en_buckets_push(struct en_buckets *buckets, __u32 slot, const void *data,
			__u32 data__sz) EN_KSYM;
int bpf_en_buckets_push_front(struct en_buckets *buckets, __u32 slot, const void *data,
			      __u32 data__sz) EN_KSYM;

/* Takes from a slot's front. -ENOENT: empty. Cost: 60 + n/8*2. */
int bpf_en_buckets_pop(struct en_buckets *buckets, __u32 slot, void *data,
		       __u32 data__sz) EN_KSYM;

/*
 * Takes from the front of the first slot, from the given one on, that is not empty, and
 * returns which one it was. -ENOENT: there is none. Cost: 75 + n/8*2.
 */
int bpf_en_buckets_pop_first(struct en_buckets *buckets, __u32 from, void *data,
			     __u32 data__sz) EN_KSYM;

/* The first slot, from the given one on, that is not empty. -ENOENT. Cost: 45. */
int bpf_en_buckets_first(struct en_buckets *buckets, __u32 from) EN_KSYM;

/*
 * Moves all of a slot to the end of another one, as timing wheels do when an outer one
 * turns. Returns 0. Cost: 50, however many they are.
 */
int bpf_en_buckets_move(struct en_buckets *buckets, __u32 from, __u32 to) EN_KSYM;

/* How many entries are in use, on this CPU if each has its own. Cost: 10. */
__u32 bpf_en_buckets_count(struct en_buckets *buckets) EN_KSYM;

#endif
