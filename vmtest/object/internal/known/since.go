package known

import (
	"strings"
	"sync"
)

// Since tells in which version of the kernel, such as "5.8", something first was; ""
// if that is not known here. Distributions may have it sooner.
type since struct {
	text string
	once sync.Once
	of   map[string]string
}

func (s *since) version(name string) string {
	s.once.Do(func() {
		s.of = map[string]string{}
		for line := range strings.Lines(s.text) {
			fields := strings.Fields(line)
			for i := 1; i < len(fields); i++ {
				s.of[fields[i]] = fields[0]
			}
		}
	})
	return s.of[name]
}

// names are all that a version is known of.
func (s *since) names() map[string]string {
	s.version("")
	return s.of
}

// HelperSince returns the version that first had a helper: "bpf_ringbuf_output".
func HelperSince(name string) string { return helpers.version(strings.TrimPrefix(name, "bpf_")) }

// FunctionSince returns the version in which programs could first call a function
// of the kernel.
func FunctionSince(name string) string { return functions.version(name) }

// ProgramTypeSince returns the version that first had a type of programs.
func ProgramTypeSince(name string) string { return programs.version(name) }

// MapTypeSince returns the version that first had a type of maps.
func MapTypeSince(name string) string { return maps.version(name) }

// AttachTypeSince returns the version that first had an attach type.
func AttachTypeSince(name string) string { return attaches.version(name) }

// FlagSince returns the version that first had a flag of maps or of programs.
func FlagSince(name string) string { return flags.version(name) }

// Sources of the tables: data/feature-versions.yaml of isovalent/ebpf-docs, which
// names a commit for each line, corrected where the kernels at hand say otherwise
// (see the tests), and the commits named beside a line.

var programs = since{text: `
3.19 socket_filter
4.1  kprobe sched_cls sched_act
4.7  tracepoint
4.8  xdp
4.9  perf_event
4.10 cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit
4.13 sock_ops
4.14 sk_skb
4.15 cgroup_device
4.17 sk_msg raw_tracepoint cgroup_sock_addr
4.18 lwt_seg6local lirc_mode2
4.19 sk_reuseport
4.20 flow_dissector
5.2  cgroup_sysctl raw_tracepoint_writable
5.3  cgroup_sockopt
5.5  tracing
5.6  struct_ops ext
5.7  lsm
5.9  sk_lookup
5.14 syscall
6.4  netfilter
`}

var maps = since{text: `
3.19 hash array
4.2  prog_array
4.3  perf_event_array
4.6  percpu_hash percpu_array stack_trace
4.8  cgroup_array
4.10 lru_hash lru_percpu_hash
4.11 lpm_trie
4.12 array_of_maps hash_of_maps
4.14 devmap sockmap
4.15 cpumap
4.18 xskmap sockhash
4.19 cgroup_storage reuseport_sockarray
4.20 percpu_cgroup_storage queue stack
5.2  sk_storage
5.4  devmap_hash
5.6  struct_ops
5.8  ringbuf
5.10 inode_storage
5.11 task_storage
5.16 bloom_filter
6.1  user_ringbuf
6.2  cgrp_storage
6.9  arena
`}

// Of the later ones: 84601d6ee68a, e420bed02507, 89ae89f53d20, 859051dd165e,
// 35dfaad7188c, 535a3692ba72, d920179b3d48.
var attaches = since{text: `
4.10 cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create
4.13 cgroup_sock_ops
4.14 sk_skb_stream_parser sk_skb_stream_verdict
4.15 cgroup_device
4.17 sk_msg_verdict cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect
4.17 cgroup_inet6_connect cgroup_inet4_post_bind cgroup_inet6_post_bind
4.18 cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2
4.20 flow_dissector
5.2  cgroup_sysctl cgroup_udp4_recvmsg cgroup_udp6_recvmsg
5.3  cgroup_getsockopt cgroup_setsockopt
5.5  trace_raw_tp trace_fentry trace_fexit
5.7  modify_return lsm_mac
5.8  trace_iter cgroup_inet4_getpeername cgroup_inet6_getpeername
5.8  cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap
5.9  cgroup_inet_sock_release xdp_cpumap sk_lookup xdp
5.13 sk_skb_verdict
5.14 sk_reuseport_select sk_reuseport_select_or_migrate
5.15 perf_event
5.18 trace_kprobe_multi
6.0  lsm_cgroup
6.4  netfilter
6.6  tcx_ingress tcx_egress trace_uprobe_multi
6.7  cgroup_unix_connect cgroup_unix_sendmsg cgroup_unix_recvmsg
6.7  cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer
6.10 trace_kprobe_session
6.13 trace_uprobe_session
`}

var flags = since{text: `
4.6  BPF_F_NO_PREALLOC
4.10 BPF_F_NO_COMMON_LRU
4.12 BPF_F_STRICT_ALIGNMENT
4.14 BPF_F_NUMA_NODE
4.15 BPF_F_RDONLY BPF_F_WRONLY
4.17 BPF_F_STACK_BUILD_ID
5.0  BPF_F_ZERO_SEED BPF_F_ANY_ALIGNMENT
5.2  BPF_F_RDONLY_PROG BPF_F_WRONLY_PROG
5.3  BPF_F_TEST_RND_HI32
5.4  BPF_F_CLONE BPF_F_TEST_STATE_FREQ
5.5  BPF_F_MMAPABLE
5.10 BPF_F_PRESERVE_ELEMS BPF_F_INNER_MAP BPF_F_SLEEPABLE
5.18 BPF_F_XDP_HAS_FRAGS
6.4  BPF_F_LINK
6.5  BPF_F_PATH_FD
6.9  BPF_F_VTYPE_BTF_OBJ_FD BPF_F_TOKEN_FD BPF_F_SEGV_ON_FAULT BPF_F_NO_USER_CONV
`}
