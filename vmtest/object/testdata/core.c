// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct task_struct {
	int pid;
	int no_such_field;
} relocatable;

struct no_such_type {
	int field;
} relocatable;

enum no_such_enum { NO_SUCH_VALUE = 5 };

struct cfs_rq___before_6_18 {
	unsigned int nr_running;
} relocatable;

struct sched_entity {
	struct cfs_rq___before_6_18 *cfs_rq;
} relocatable;

#define READ(to, from) probe_read_kernel(&to, sizeof(to), &from)
#define exists(field) __builtin_preserve_field_info(field, 2)

SEC("kprobe/f") int field(void *ctx)
{
	struct task_struct *t = (void *)get_current_task();
	int pid = 0;

	READ(pid, t->pid);
	return pid;
}

SEC("kprobe/f") int no_field(void *ctx)
{
	struct task_struct *t = (void *)get_current_task();
	int x = 0;

	READ(x, t->no_such_field);
	return x;
}

SEC("kprobe/f") int no_field_guarded(void *ctx)
{
	struct task_struct *t = (void *)get_current_task();
	int x = 0;

	if (exists(t->no_such_field))
		READ(x, t->no_such_field);
	return x;
}

SEC("kprobe/f") int no_type(void *ctx)
{
	struct no_such_type *t = (void *)get_current_task();
	int x = 0;

	READ(x, t->field);
	return x;
}

SEC("kprobe/f") int no_enum_value(void *ctx)
{
	return __builtin_preserve_enum_value(*(enum no_such_enum *)NO_SUCH_VALUE, 1);
}

SEC("kprobe/f") int field_until_6_18(void *ctx)
{
	struct cfs_rq___before_6_18 *rq = (void *)get_current_task();
	unsigned int n = 0;

	READ(n, rq->nr_running);
	return n;
}

GPL;
