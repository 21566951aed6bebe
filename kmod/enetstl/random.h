/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Random pool: random numbers for sampling, uniform and geometric. Included by
 * enetstl.h. Each pool has, for each CPU, its own generator (xoshiro256++, period
 * 2^256 - 1, seeded by the kernel) and a stock of numbers drawn in advance, which
 * is refilled when it runs out; it does not repeat. Not for secrets. Takes no locks;
 * runs anywhere.
 */
#ifndef ENETSTL_RANDOM_H
#define ENETSTL_RANDOM_H

EN_OPAQUE(en_random);

/* A probability as the functions here take it: p of 2^32. */
#define EN_PROBABILITY(num, den) ((__u32)(((__u64)(num) << 32) / (den)))

/*
 * Makes a pool for events of probability p / 2^32, p > 0. NULL: p is 0, or no memory
 * (1.2 KiB a CPU). Sleepable.
 */
struct en_random *bpf_en_random_new(__u32 p) EN_KSYM;

/* Another kptr of the same pool, for another CPU's map slot. Never NULL. Cost: 5. */
struct en_random *bpf_en_random_share(struct en_random *pool) EN_KSYM;

/* Gives up a kptr; with the last goes the pool. Cost: 5. */
void bpf_en_random_release(struct en_random *pool) EN_KSYM;

/* A uniform number of 32 bits. Cost: 10; on the average, with refilling, 18. */
__u32 bpf_en_random_u32(struct en_random *pool) EN_KSYM;

/*
 * How many trials it takes until the event occurs, 1 or more: geometric with mean
 * 2^32 / p. Cost: 10; on the average, with refilling, 40.
 */
__u32 bpf_en_random_geometric(struct en_random *pool) EN_KSYM;

/*
 * Makes trials (1..2^16) and returns which of them was the first event, 1..trials, 0
 * if none was. After an event the trials behind it are not made yet: ask again for
 * trials - result. This is how to sample rows or packets without a random number for
 * each. Cost: 8 when nothing occurs, else 25.
 */
__u32 bpf_en_random_sample(struct en_random *pool, __u32 trials) EN_KSYM;

#endif
