// Package known holds what is known about the kernel's BPF interface: the names of
// its parts, and since which version of the kernel each of them exists.
package known

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// The enumerations of include/uapi/linux/bpf.h, in lower case without their prefix,
// in their order.
const (
	programTypes = `unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event
		cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg
		raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport flow_dissector
		cgroup_sysctl raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm
		sk_lookup syscall netfilter`

	mapTypes = `unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace
		cgroup_array lru_hash lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap
		cpumap xskmap sockhash cgroup_storage reuseport_sockarray percpu_cgroup_storage queue
		stack sk_storage devmap_hash struct_ops ringbuf inode_storage task_storage bloom_filter
		user_ringbuf cgrp_storage arena insn_array rhash`

	attachTypes = `cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops
		sk_skb_stream_parser sk_skb_stream_verdict cgroup_device sk_msg_verdict cgroup_inet4_bind
		cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_inet4_post_bind
		cgroup_inet6_post_bind cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2 flow_dissector
		cgroup_sysctl cgroup_udp4_recvmsg cgroup_udp6_recvmsg cgroup_getsockopt cgroup_setsockopt
		trace_raw_tp trace_fentry trace_fexit modify_return lsm_mac trace_iter
		cgroup_inet4_getpeername cgroup_inet6_getpeername cgroup_inet4_getsockname
		cgroup_inet6_getsockname xdp_devmap cgroup_inet_sock_release xdp_cpumap sk_lookup xdp
		sk_skb_verdict sk_reuseport_select sk_reuseport_select_or_migrate perf_event
		trace_kprobe_multi lsm_cgroup struct_ops netfilter tcx_ingress tcx_egress
		trace_uprobe_multi cgroup_unix_connect cgroup_unix_sendmsg cgroup_unix_recvmsg
		cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer
		trace_kprobe_session trace_uprobe_session trace_fsession trace_fentry_multi
		trace_fexit_multi trace_fsession_multi`
)

var (
	programTypeNames = strings.Fields(programTypes)
	mapTypeNames     = strings.Fields(mapTypes)
	attachTypeNames  = strings.Fields(attachTypes)
)

// ProgramType returns the name of a type of programs: "sched_cls".
func ProgramType(t ebpf.ProgramType) string { return nth(programTypeNames, int(t), t.String()) }

// MapType returns the name of a type of maps: "lpm_trie".
func MapType(t ebpf.MapType) string { return nth(mapTypeNames, int(t), t.String()) }

// AttachType returns the name of an attach type: "cgroup_inet_ingress".
func AttachType(t ebpf.AttachType) string { return nth(attachTypeNames, int(t), t.String()) }

func nth(names []string, n int, other string) string {
	if n < 0 || n >= len(names) {
		return other
	}
	return names[n]
}

// ProgramTypeNamed returns the type of programs of that name.
func ProgramTypeNamed(name string) (ebpf.ProgramType, bool) {
	for i, n := range programTypeNames {
		if n == name && i > 0 {
			return ebpf.ProgramType(i), true
		}
	}
	return 0, false
}

// ProgramTypeNames are the names of all types of programs.
func ProgramTypeNames() []string { return programTypeNames[1:] }

// Helper returns the name of a helper: "bpf_map_lookup_elem"; for a number that is
// not known, "helper 999".
func Helper(n int) string {
	camel, ok := strings.CutPrefix(asm.BuiltinFunc(n).String(), "Fn")
	if !ok {
		return "helper " + asm.BuiltinFunc(n).String()
	}
	var b strings.Builder
	for _, r := range camel {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return "bpf" + b.String()
}

// mapFlags are the names of flags of maps, from the lowest bit.
var mapFlags = strings.Fields(`BPF_F_NO_PREALLOC BPF_F_NO_COMMON_LRU BPF_F_NUMA_NODE BPF_F_RDONLY
	BPF_F_WRONLY BPF_F_STACK_BUILD_ID BPF_F_ZERO_SEED BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG BPF_F_CLONE
	BPF_F_MMAPABLE BPF_F_PRESERVE_ELEMS BPF_F_INNER_MAP BPF_F_LINK BPF_F_PATH_FD BPF_F_VTYPE_BTF_OBJ_FD
	BPF_F_TOKEN_FD BPF_F_SEGV_ON_FAULT BPF_F_NO_USER_CONV BPF_F_RB_OVERWRITE`)

// programFlags are the names of flags of programs, from the lowest bit.
var programFlags = strings.Fields(`BPF_F_STRICT_ALIGNMENT BPF_F_ANY_ALIGNMENT BPF_F_TEST_RND_HI32
	BPF_F_TEST_STATE_FREQ BPF_F_SLEEPABLE BPF_F_XDP_HAS_FRAGS BPF_F_XDP_DEV_BOUND_ONLY BPF_F_TEST_REG_INVARIANTS`)

// MapFlag returns the name of a flag of maps.
func MapFlag(bit uint32) string { return flag(mapFlags, bit) }

// ProgramFlag returns the name of a flag of programs.
func ProgramFlag(bit uint32) string { return flag(programFlags, bit) }

func flag(names []string, bit uint32) string {
	return nth(names, bits.TrailingZeros32(bit), fmt.Sprintf("%#x", bit))
}
