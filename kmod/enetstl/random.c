// SPDX-License-Identifier: GPL-2.0
/*
 * Random pool. The contract of each kfunc is in random.h.
 *
 * Each CPU has a generator and two stocks, refilled all at once. Interrupts are off
 * while one is used, so that no number is given out twice. An NMI may still come
 * between; then the worst that happens is that a number is.
 */
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "compat.h"
#include "enetstl.h"
#include "module.h"
#include "object.h"

#define EN_STOCK 64

struct en_stocks {
	s64 ahead; /* trials until, and with, the next event */
	u32 uniform_next, geometric_next;
	u64 state[4];
	u32 uniform[EN_STOCK];
	u32 geometric[EN_STOCK];
};

struct en_random {
	struct en_object object;
	struct en_stocks __percpu *own;
	u64 scale; /* 1 / -log2(1 - p), 32 fractional bits */
};

/* log2(1 + i / 256), 32 fractional bits. */
static u64 en_log2_table[257];

/*
 * log2 of x / 2^63, x at least 2^63, with so many fractional bits: squaring doubles
 * the logarithm, so each square that exceeds 2 yields a bit that is 1.
 */
static u64 en_log2(u64 x, u32 bits)
{
	u64 log = 0;

	while (bits--) {
		unsigned __int128 square = (unsigned __int128)x * x;
		bool one = square >> 127;

		log = log << 1 | one;
		x = square >> (one ? 64 : 63);
	}
	return log;
}

void en_random_init(void)
{
	u32 i;

	for (i = 0; i < 256; i++)
		en_log2_table[i] = en_log2((256ull + i) << 55, 32);
	en_log2_table[256] = 1ull << 32;
}

/* 1 / -log2(1 - p / 2^32), 32 fractional bits; between 2^27 and 2^64 for any p > 0. */
static u64 en_scale(u32 p)
{
	u64 rest = (1ull << 32) - p;
	u32 top = fls64(rest);
	u64 log = ((u64)(33 - top) << 58) - en_log2(rest << (64 - top), 58);

	return mul_u64_u64_div_u64(1ull << 45, 1ull << 45, log);
}

/* xoshiro256++ by Blackman and Vigna, 2019, which is in the public domain. */
static __always_inline u64 en_next(u64 s[4])
{
	u64 result = rol64(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rol64(s[3], 45);
	return result;
}

/*
 * A geometric variate by inversion: 1 + floor(log(u) / log(1 - p)), u uniform in
 * (0, 1). The logarithm is interpolated between 257 values, off by 3e-6 at most.
 */
static u32 en_draw_geometric(const struct en_random *r, u64 u)
{
	u32 zeros, i;
	u64 f, log;
	unsigned __int128 x;

	u |= 1;
	zeros = 64 - fls64(u);
	f = u << zeros << 1; /* the fraction behind the leading 1 */
	i = f >> 56;
	log = en_log2_table[i] +
	      ((en_log2_table[i + 1] - en_log2_table[i]) * (f << 8 >> 40) >> 24);
	log = ((u64)(zeros + 1) << 32) - log;
	x = ((unsigned __int128)log * r->scale >> 64) + 1;
	return x > U32_MAX ? U32_MAX : x;
}

static noinline u32 en_refill_uniform(struct en_stocks *s)
{
	u32 i;

	for (i = 0; i < EN_STOCK; i += 2) {
		u64 x = en_next(s->state);

		s->uniform[i] = x;
		s->uniform[i + 1] = x >> 32;
	}
	s->uniform_next = 1;
	return s->uniform[0];
}

static noinline u32 en_refill_geometric(const struct en_random *r, struct en_stocks *s)
{
	u32 i;

	for (i = 0; i < EN_STOCK; i++)
		s->geometric[i] = en_draw_geometric(r, en_next(s->state));
	s->geometric_next = 1;
	return s->geometric[0];
}

/* With interrupts off. */
static __always_inline u32 en_geometric(const struct en_random *r, struct en_stocks *s)
{
	u32 i = s->geometric_next;

	if (unlikely(i >= EN_STOCK))
		return en_refill_geometric(r, s);
	s->geometric_next = i + 1;
	return s->geometric[i];
}

static void en_random_destroy(struct en_object *object)
{
	struct en_random *r = container_of(object, struct en_random, object);

	free_percpu(r->own);
	kfree(r);
	en_live_add(EN_LIVE_RANDOM, -1);
}

__bpf_kfunc struct en_random *bpf_en_random_new(u32 p)
{
	struct en_random *r;
	int cpu;

	if (!p)
		return NULL;
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return NULL;
	r->own = alloc_percpu_gfp(struct en_stocks, GFP_KERNEL_ACCOUNT);
	if (!r->own) {
		kfree(r);
		return NULL;
	}
	r->scale = en_scale(p);
	for_each_possible_cpu(cpu) {
		struct en_stocks *s = per_cpu_ptr(r->own, cpu);

		get_random_bytes(s->state, sizeof(s->state));
		s->state[0] |= 1; /* the one state to avoid is 0 */
		s->uniform_next = EN_STOCK;
		s->geometric_next = EN_STOCK;
		s->ahead = en_geometric(r, s);
	}
	en_object_init(&r->object, en_random_destroy);
	en_live_add(EN_LIVE_RANDOM, 1);
	return r;
}

__bpf_kfunc struct en_random *bpf_en_random_share(struct en_random *pool)
{
	refcount_inc(&pool->object.refs);
	return pool;
}

__bpf_kfunc void bpf_en_random_release(struct en_random *pool)
{
	en_object_put(&pool->object);
}

__bpf_kfunc void bpf_en_random_dtor(void *pool)
{
	if (pool) /* Linux 6.1 destroys empty slots, too */
		bpf_en_random_release(pool);
}
CFI_NOSEAL(bpf_en_random_dtor);

__bpf_kfunc u32 bpf_en_random_u32(struct en_random *pool)
{
	struct en_stocks *s;
	unsigned long flags;
	u32 i, x;

	local_irq_save(flags);
	s = this_cpu_ptr(pool->own);
	i = s->uniform_next;
	if (likely(i < EN_STOCK)) {
		s->uniform_next = i + 1;
		x = s->uniform[i];
	} else {
		x = en_refill_uniform(s);
	}
	local_irq_restore(flags);
	return x;
}

__bpf_kfunc u32 bpf_en_random_geometric(struct en_random *pool)
{
	unsigned long flags;
	u32 x;

	local_irq_save(flags);
	x = en_geometric(pool, this_cpu_ptr(pool->own));
	local_irq_restore(flags);
	return x;
}

/* An event is due within the trials: the next one is drawn. */
static noinline u32 en_event(struct en_random *r, s64 left, u32 trials)
{
	unsigned long flags;

	/* Another program, which this one interrupted, is about to draw it. */
	if (left + trials <= 0)
		return 0;
	local_irq_save(flags);
	this_cpu_write(r->own->ahead, en_geometric(r, this_cpu_ptr(r->own)));
	local_irq_restore(flags);
	return left + trials;
}

__bpf_kfunc u32 bpf_en_random_sample(struct en_random *pool, u32 trials)
{
	s64 left;

	if (unlikely(!trials || trials > 1 << 16))
		return 0;
	/* One instruction, which nothing can interrupt. */
	left = this_cpu_sub_return(pool->own->ahead, trials);
	return likely(left > 0) ? 0 : en_event(pool, left, trials);
}
