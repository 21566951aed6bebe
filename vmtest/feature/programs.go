package feature

import (
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

var programs = []Feature{
	{"cgroup_device", "programs that grant access to devices by cgroup", "4.15", "ebc614f68736", progType(ebpf.CGroupDevice)},
	{"cgroup_skb", "programs on the packets of a cgroup", "4.10", "0e33661de493", progType(ebpf.CGroupSKB)},
	{"cgroup_sock", "programs on the sockets of a cgroup", "4.10", "610236587600", progType(ebpf.CGroupSock)},
	{"cgroup_sock_addr", "programs on bind, connect, sendmsg of a cgroup", "4.17", "4fbac77d2d09", progType(ebpf.CGroupSockAddr)},
	{"cgroup_sockopt", "programs on socket options of a cgroup", "5.3", "0d01da6afc54", progType(ebpf.CGroupSockopt)},
	{"cgroup_sysctl", "programs on sysctl of a cgroup", "5.2", "7b146cebe30c", progType(ebpf.CGroupSysctl)},
	{"ext", "programs that replace a function of another", "5.6", "be8704ff07d2", progType(ebpf.Extension)},
	{"flow_dissector", "programs that dissect flows", "4.20", "d58e468b1112", progType(ebpf.FlowDissector)},
	{"lsm", "programs on the hooks of security modules", "5.7", "fc611f47f218", progType(ebpf.LSM)},
	{"netfilter", "programs on the hooks of netfilter", "6.4", "84601d6ee68a", progType(ebpf.Netfilter)},
	{"perf_event", "programs on samples of the performance counters", "4.9", "0515e5999a46", progType(ebpf.PerfEvent)},
	{"raw_tracepoint", "programs on the bare arguments of tracepoints", "4.17", "c4f6699dfcb8", progType(ebpf.RawTracepoint)},
	{"sched_cls", "programs that classify in traffic control", "4.1", "96be4325f443", progType(ebpf.SchedCLS)},
	{"sk_lookup", "programs that choose the socket of a packet", "5.9", "e9ddbb7707ff", progType(ebpf.SkLookup)},
	{"sk_msg", "programs on what is sent over a socket", "4.17", "4f738adba30a", progType(ebpf.SkMsg)},
	{"sk_reuseport", "programs that choose among sockets sharing a port", "4.19", "2dbb9b9e6df6", progType(ebpf.SkReuseport)},
	{"sk_skb", "programs on what a socket receives", "4.14", "b005fd189cec", progType(ebpf.SkSKB)},
	{"sock_ops", "programs on what TCP connections go through", "4.13", "40304b2a1567", progType(ebpf.SockOps)},
	{"struct_ops", "programs that implement a table of kernel functions", "5.6", "27ae7997a661", progType(ebpf.StructOps)},
	{"syscall", "programs that user space runs", "5.14", "79a7f8bdb159", progType(ebpf.Syscall)},
	{"tracepoint", "programs on tracepoints", "4.7", "98b5c2c65c29", progType(ebpf.TracePoint)},
	{"tracing", "programs on the entry and exit of kernel functions (fentry, fexit)", "5.5", "f1b9509c2fb0", progType(ebpf.Tracing)},
	{"xdp", "programs on frames as drivers receive them", "4.8", "6a773a15a1e8", progType(ebpf.XDP)},
	{"xdp_frags", "XDP programs on frames of many buffers", "5.18", "c2f2cdbeffda", loads("flag BPF_F_XDP_HAS_FRAGS", ebpf.ProgramSpec{Type: ebpf.XDP, Flags: unix.BPF_F_XDP_HAS_FRAGS, Instructions: returns(2)})},
}
