package feature

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// A helper is named as the kernel does, without bpf_; one that came to a type of
// programs later than to others is named with it.
var helpers = []Feature{
	{"check_mtu", "helper bpf_check_mtu, in xdp", "5.12", "34b2021cc616", helper(ebpf.XDP, asm.FnCheckMtu)},
	{"dynptr", "helper bpf_dynptr_from_mem, in xdp", "5.19", "263ae152e962", helper(ebpf.XDP, asm.FnDynptrFromMem)},
	{"fib_lookup", "helper bpf_fib_lookup, in xdp", "4.18", "87f5fc7e48dd", helper(ebpf.XDP, asm.FnFibLookup)},
	{"fib_lookup_skip_neigh", "bpf_fib_lookup without looking for the neighbour", "6.3", "31de4105f00d", fibLookupFlag(unix.BPF_FIB_LOOKUP_SKIP_NEIGH)},
	{"for_each_map_elem", "helper bpf_for_each_map_elem, in xdp", "5.13", "69c087ba6225", helper(ebpf.XDP, asm.FnForEachMapElem)},
	{"get_attach_cookie", "helper bpf_get_attach_cookie, in kprobe", "5.15", "82e6b1eee6a8", helper(ebpf.Kprobe, asm.FnGetAttachCookie)},
	{"get_current_cgroup_id", "helper bpf_get_current_cgroup_id, in kprobe", "4.18", "bf6fa2c893c5", helper(ebpf.Kprobe, asm.FnGetCurrentCgroupId)},
	{"get_netns_cookie_in_sk_msg", "helper bpf_get_netns_cookie, in sk_msg", "5.15", "fab60e29fcc6", helper(ebpf.SkMsg, asm.FnGetNetnsCookie)},
	{"get_netns_cookie_in_sock_ops", "helper bpf_get_netns_cookie, in sock_ops", "5.15", "6cf1770d63dd", helper(ebpf.SockOps, asm.FnGetNetnsCookie)},
	{"kptr", "pointers to kernel objects in maps", "5.19", "c0a5a21c25f3", helper(ebpf.XDP, asm.FnKptrXchg)},
	{"ktime_get_boot_ns", "helper bpf_ktime_get_boot_ns, in cgroup_skb", "5.8", "71d19214776e", helper(ebpf.CGroupSKB, asm.FnKtimeGetBootNs)},
	{"ktime_get_ns", "helper bpf_ktime_get_ns, in cgroup_skb", "4.10", "0e33661de493", helper(ebpf.CGroupSKB, asm.FnKtimeGetNs)},
	{"loop", "helper bpf_loop, in xdp", "5.17", "e6f2dd0f8067", helper(ebpf.XDP, asm.FnLoop)},
	{"perf_event_output_in_cgroup_skb", "helper bpf_perf_event_output, in cgroup_skb", "5.4", "7c4b90d79d0f", helper(ebpf.CGroupSKB, asm.FnPerfEventOutput)},
	{"perf_event_read_value", "helper bpf_perf_event_read_value, in kprobe", "4.15", "908432ca84fc", helper(ebpf.Kprobe, asm.FnPerfEventReadValue)},
	{"probe_read_kernel", "helper bpf_probe_read_kernel, in kprobe", "5.5", "6ae08ae3dea2", helper(ebpf.Kprobe, asm.FnProbeReadKernel)},
	{"redirect_neigh", "helper bpf_redirect_neigh, in sched_cls", "5.10", "b4ab31414970", helper(ebpf.SchedCLS, asm.FnRedirectNeigh)},
	{"redirect_peer", "helper bpf_redirect_peer, in sched_cls", "5.10", "9aa1206e8f48", helper(ebpf.SchedCLS, asm.FnRedirectPeer)},
	{"sk_cgroup_id", "helper bpf_sk_cgroup_id, in cgroup_skb", "5.8", "f307fa2cb4c9", helper(ebpf.CGroupSKB, asm.FnSkCgroupId)},
	{"skb_cgroup_id_in_cgroup_skb", "helper bpf_skb_cgroup_id, in cgroup_skb", "5.3", "4ecabd55c904", helper(ebpf.CGroupSKB, asm.FnSkbCgroupId)},
	{"spin_lock", "helper bpf_spin_lock, in xdp", "5.1", "d83525ca62cf", helper(ebpf.XDP, asm.FnSpinLock)},
	{"tcp_gen_syncookie", "helper bpf_tcp_gen_syncookie, in xdp", "5.4", "70d66244317e", helper(ebpf.XDP, asm.FnTcpGenSyncookie)},
	{"timer", "timers in maps", "5.15", "b00628b1c7d5", helper(ebpf.XDP, asm.FnTimerInit)},
	{"xdp_adjust_meta", "helper bpf_xdp_adjust_meta", "4.15", "de8f3a83b0a0", helper(ebpf.XDP, asm.FnXdpAdjustMeta)},
	{"xdp_adjust_tail", "helper bpf_xdp_adjust_tail", "4.18", "b32cc5b9a346", helper(ebpf.XDP, asm.FnXdpAdjustTail)},
}

// fibLookupFlag looks up nothing on the loopback of a network namespace of its own:
// the helper refuses a flag that it does not know before it looks.
func fibLookupFlag(flag int32) func() error {
	const params, inet, loopback = 64, unix.AF_INET, 1 // sizeof(struct bpf_fib_lookup)
	insns := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1), asm.Mov.Imm(asm.R0, 0)}
	for at := int16(-params); at < 0; at += 8 {
		insns = append(insns, asm.StoreMem(asm.RFP, at, asm.R0, asm.DWord))
	}
	insns = append(insns,
		asm.StoreImm(asm.RFP, -params, inet, asm.Byte),
		asm.StoreImm(asm.RFP, -params+8, loopback, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -params),
		asm.Mov.Imm(asm.R3, params),
		asm.Mov.Imm(asm.R4, flag),
		asm.FnFibLookup.Call(),
		asm.Return(),
	)
	return with("flag of bpf_fib_lookup", ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: insns}, func(p *ebpf.Program) error {
		return apart(unix.CLONE_NEWNET, func() error {
			ret, err := p.Run(&ebpf.RunOptions{Data: make([]byte, 64)})
			if err == nil && int32(ret) == -int32(unix.EINVAL) {
				return absentf("flag of bpf_fib_lookup: the helper returns %v", unix.EINVAL)
			}
			return err
		})
	})
}
