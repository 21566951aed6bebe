// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
// A program with something of everything that most programs have: loading it ahead
// of others finds out about the kernel, once.
#define SEC(name) __attribute__((section(name), used))

typedef unsigned int u32;
typedef unsigned long long u64;

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

struct {
	int (*type)[1]; /* BPF_MAP_TYPE_HASH */
	u32 *key;
	u64 *value;
	int (*max_entries)[16];
} counts SEC(".maps");

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*const get_current_task)(void) = (void *)35;
static long (*const probe_read_kernel)(void *dst, u32 size, const void *src) = (void *)113;

const volatile u64 step = 1;
u64 total;

static __attribute__((noinline)) void count(u32 pid)
{
	u64 *n = map_lookup_elem(&counts, &pid);

	if (n)
		*n += step;
}

SEC("kprobe/warm") int warm(void *ctx)
{
	struct task_struct *task = (void *)get_current_task();
	u32 pid = 0;

	probe_read_kernel(&pid, sizeof(pid), &task->pid);
	count(pid);
	total += step;
	return 0;
}

char _license[] SEC("license") = "GPL";
