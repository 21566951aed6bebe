package feature

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

var helpers = []Feature{
	{"check_mtu", "helper bpf_check_mtu in xdp", "5.12", "34b2021cc616", helper(ebpf.XDP, asm.FnCheckMtu)},
	{"cgroup_id_in_cgroup_skb", "helper bpf_skb_cgroup_id in cgroup_skb", "5.3", "4ecabd55c904", helper(ebpf.CGroupSKB, asm.FnSkbCgroupId)},
	{"fib_lookup", "helper bpf_fib_lookup in xdp", "4.18", "87f5fc7e48dd", helper(ebpf.XDP, asm.FnFibLookup)},
	{"get_netns_cookie_sk_msg", "helper bpf_get_netns_cookie in sk_msg", "5.15", "fab60e29fcc6", helper(ebpf.SkMsg, asm.FnGetNetnsCookie)},
	{"get_netns_cookie_sock_ops", "helper bpf_get_netns_cookie in sock_ops", "5.15", "6cf1770d63dd", helper(ebpf.SockOps, asm.FnGetNetnsCookie)},
	{"loop", "helper bpf_loop", "5.17", "e6f2dd0f8067", helper(ebpf.XDP, asm.FnLoop)},
	{"perf_event_output_in_cgroup_skb", "helper bpf_perf_event_output in cgroup_skb", "5.4", "", helper(ebpf.CGroupSKB, asm.FnPerfEventOutput)},
	{"redirect_neigh", "helper bpf_redirect_neigh in sched_cls", "5.10", "b4ab31414970", helper(ebpf.SchedCLS, asm.FnRedirectNeigh)},
	{"redirect_peer", "helper bpf_redirect_peer in sched_cls", "5.10", "9aa1206e8f48", helper(ebpf.SchedCLS, asm.FnRedirectPeer)},
	{"spin_lock", "helper bpf_spin_lock", "5.1", "d83525ca62cf", helper(ebpf.XDP, asm.FnSpinLock)},
	{"timer", "timers in maps", "5.15", "b00628b1c7d5", helper(ebpf.XDP, asm.FnTimerInit)},
	{"xdp_adjust_meta", "helper bpf_xdp_adjust_meta", "4.15", "de8f3a83b0a0", helper(ebpf.XDP, asm.FnXdpAdjustMeta)},
	{"xdp_adjust_tail", "helper bpf_xdp_adjust_tail", "4.18", "b32cc5b9a346", helper(ebpf.XDP, asm.FnXdpAdjustTail)},
}
