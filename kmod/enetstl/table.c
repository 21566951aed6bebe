// SPDX-License-Identifier: GPL-2.0
/* Tables of counters: sketches. The contract of each kfunc is in hash.h. */
#include <linux/atomic.h>

#include "compat.h"
#include "enetstl.h"
#include "fold.h"

struct en_table {
	u32 *row;
	u32 columns;
	u32 add;
	u32 least;
	u32 rows;
};

/* How many rows there are; 0 for what makes no sense. */
static __always_inline u32 en_table(struct en_table *t, u32 key, void *table, u32 bytes,
				    u64 shape)
{
	u32 shift = shape & 0x1f;

	if (unlikely(!key || !shift || shift > 24))
		return 0;
	t->row = table;
	t->columns = 1u << shift;
	t->add = (u32)(shape >> 32) + 1;
	t->least = ~0u;
	t->rows = min_t(u32, bytes >> 2 >> shift, EN_ROWS_MAX);
	return t->rows;
}

static __always_inline void en_add(void *context, u32 column)
{
	struct en_table *t = context;

	t->row[column] += t->add;
	t->row += t->columns;
}

static __always_inline void en_add_atomic(void *context, u32 column)
{
	struct en_table *t = context;

	atomic_add(t->add, (atomic_t *)&t->row[column]);
	t->row += t->columns;
}

static __always_inline void en_add_min(void *context, u32 column)
{
	struct en_table *t = context;
	u32 now = t->row[column] += t->add;

	t->least = min(t->least, now);
	t->row += t->columns;
}

static __always_inline void en_add_min_atomic(void *context, u32 column)
{
	struct en_table *t = context;
	u32 now = atomic_add_return(t->add, (atomic_t *)&t->row[column]);

	t->least = min(t->least, now);
	t->row += t->columns;
}

static __always_inline void en_least(void *context, u32 column)
{
	struct en_table *t = context;

	t->least = min(t->least, READ_ONCE(t->row[column]));
	t->row += t->columns;
}

/* One row alone; the least is that of this row. */
static noinline int en_count_row(const void *key, u32 n, struct en_table *t, u64 shape)
{
	u32 row = (u8)(shape >> 8), shift = shape & 0x1f, column;

	if (row >= t->rows)
		return -EINVAL;
	column = fold_nth(fold_key(key, n, 0), shift, row);
	t->row += row << shift;
	if (shape & EN_ATOMIC)
		en_add_min_atomic(t, column);
	else
		en_add_min(t, column);
	return 0;
}

__bpf_kfunc int bpf_en_hash_count(const void *key, u32 key__sz, void *table, u32 table__sz,
				  u64 shape)
{
	struct en_table t;

	if (unlikely(!en_table(&t, key__sz, table, table__sz, shape)))
		return -EINVAL;
	if (unlikely(shape & EN_ROW(0)))
		return en_count_row(key, key__sz, &t, shape);
	if (shape & EN_ATOMIC)
		fold_each(fold_key(key, key__sz, 0), shape & 0x1f, t.rows, en_add_atomic, &t);
	else
		fold_each(fold_key(key, key__sz, 0), shape & 0x1f, t.rows, en_add, &t);
	return 0;
}

__bpf_kfunc s64 bpf_en_hash_count_min(const void *key, u32 key__sz, void *table, u32 table__sz,
				      u64 shape)
{
	struct en_table t;
	int err = 0;

	if (unlikely(!en_table(&t, key__sz, table, table__sz, shape)))
		return -EINVAL;
	if (unlikely(shape & EN_ROW(0)))
		err = en_count_row(key, key__sz, &t, shape);
	else if (shape & EN_ATOMIC)
		fold_each(fold_key(key, key__sz, 0), shape & 0x1f, t.rows, en_add_min_atomic, &t);
	else
		fold_each(fold_key(key, key__sz, 0), shape & 0x1f, t.rows, en_add_min, &t);
	return err ?: t.least;
}

__bpf_kfunc s64 bpf_en_hash_min(const void *key, u32 key__sz, const void *table, u32 table__sz,
				u64 shape)
{
	struct en_table t;

	if (unlikely(!en_table(&t, key__sz, (void *)table, table__sz, shape)))
		return -EINVAL;
	fold_each(fold_key(key, key__sz, 0), shape & 0x1f, t.rows, en_least, &t);
	return t.least;
}
