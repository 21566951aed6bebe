// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
#include "bpf.h"

struct task_struct {
	int pid;
};
struct rq {
	int cpu;
};

extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *t) __ksym;
extern int no_such_function(int x) __ksym;
extern int no_such_function_perhaps(int x) __ksym __weak;
extern const struct rq runqueues __ksym;
extern const struct rq no_such_variable __ksym __weak;
extern const void bpf_prog_fops __ksym;
extern const void no_such_symbol __ksym;

extern int CONFIG_HZ __kconfig;
extern bool CONFIG_NO_SUCH_SETTING __kconfig;
extern bool CONFIG_NO_SUCH_SETTING_PERHAPS __kconfig __weak;
extern u32 LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;

SEC("tp_btf/task_newtask") int function_from_6_2(u64 *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/task_newtask") int no_function(u64 *ctx)
{
	return no_such_function(1) ? 0 : 0;
}

SEC("tc") int no_function_guarded(struct __sk_buff *skb)
{
	if (no_such_function_perhaps)
		return no_such_function_perhaps(1);
	return 0;
}

SEC("tc") int no_function_called(struct __sk_buff *skb)
{
	return no_such_function_perhaps(1);
}

SEC("raw_tracepoint/sys_enter") int variable(void *ctx)
{
	const struct rq *rq = per_cpu_ptr(&runqueues, 0);

	return rq ? rq->cpu : 0;
}

SEC("raw_tracepoint/sys_enter") int no_variable_guarded(void *ctx)
{
	return &no_such_variable ? 1 : 0;
}

SEC("raw_tracepoint/sys_enter") int symbol(void *ctx)
{
	return (u64)&bpf_prog_fops >> 32;
}

SEC("raw_tracepoint/sys_enter") int no_symbol(void *ctx)
{
	return (u64)&no_such_symbol >> 32;
}

SEC("raw_tracepoint/sys_enter") int settings(void *ctx)
{
	if (LINUX_KERNEL_VERSION < 0x040000 || CONFIG_HZ < 100 || CONFIG_NO_SUCH_SETTING_PERHAPS)
		return ((int (*)(void))9999)(); /* not reached, and so not refused */
	return LINUX_HAS_BPF_COOKIE;
}

GPL;
