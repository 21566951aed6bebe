package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// sampleKernels are the columns of sample, not in their order.
var sampleKernels = []Kernel{
	{Name: "6.12", Series: "6.12", Release: "6.12.117+deb13-cloud-amd64", Version: "6.12.117-1", Required: true},
	{Name: "4.19", Series: "4.19", Release: "4.19.0-27-cloud-amd64", Version: "4.19.316-1"},
	{Name: "5.10", Series: "5.10", Release: "5.10.0-36-cloud-amd64", Version: "5.10.244-1"},
	{Name: "7.2", Series: "7.2", Release: "7.2.8+deb14-cloud-amd64", Version: "7.2.8-1"},
	{Name: "6.1", Series: "6.1", Release: "6.1.0-43-cloud-amd64", Version: "6.1.159-1"},
	{Name: "6.18", Series: "6.18", Release: "6.18.40+deb14-cloud-amd64", Version: "6.18.40-1"},
}

var sampleCases = strings.Fields(`
	account_concurrent_attach account_counts_egress account_counts_ingress account_cpu_hotplug
	account_detach_on_close account_nested_cgroups account_survives_reload account_v1_fallback
	btf_from_archive btf_minimal_for_object capture_filter_expression capture_snaplen
	hashmap_resize_under_load monitor_json_schema monitor_prometheus_text monitor_restart_keeps_state
	nf_bloom_filter nf_count_min_sketch nf_skip_list profile_kernel_stacks profile_user_stacks
	router_acl router_fib_lpm_ipv6_longest_match_wins_over_default router_netlink_resync
	router_ttl_exceeded sockmap_local_redirect sockmap_close_race tcx_order xdp_drop xdp_punt_af_xdp`)

// A mishap is what is not a pass in sample.
type mishap struct {
	test, kernels string
	verdict       vmtest.Verdict
	reason        string
}

var mishaps = []mishap{
	{"account_cpu_hotplug", "4.19", vmtest.Splat, "WARNING: CPU: 1 PID: 214 at kernel/bpf/percpu_freelist.c:96 pcpu_freelist_populate+0x5e/0x80"},
	{"account_v1_fallback", "6.18 7.2", vmtest.Unsupported, "lacks cgroup_v1: mount -t cgroup: no such device (ENODEV)"},
	{"btf_from_archive", "4.19", vmtest.Pass, ""},
	{"hashmap_resize_under_load", "5.10", vmtest.OOM, "the out-of-memory killer took 2 of its processes"},
	{"nf_bloom_filter", "4.19 5.10", vmtest.Unsupported, "lacks map_type_bloom_filter: bpf(BPF_MAP_CREATE): invalid argument (EINVAL)"},
	{"nf_skip_list", "4.19 5.10 6.1", vmtest.Unsupported, "lacks kfunc_in_modules: load enetstl: module BTF is not supported"},
	{"profile_user_stacks", "7.2", vmtest.Fail, "counted 0 samples of main.spin, want at least 90"},
	{"router_fib_lpm_ipv6_longest_match_wins_over_default", "6.1", vmtest.Fail, "frame 3 left on veth1, want veth2: the default route won over 2001:db8:1::/48"},
	{"router_netlink_resync", "5.10", vmtest.Lost, "the machine ended by itself"},
	{"sockmap_close_race", "4.19", vmtest.Panic, "BUG: unable to handle kernel NULL pointer dereference at 0000000000000018; RIP: 0010:sk_psock_drop+0x1e/0xb0"},
	{"sockmap_close_race", "5.10", vmtest.Hang, "no end within 2m0s, at which there were 3 tasks in uninterruptible sleep"},
	{"tcx_order", "4.19 5.10 6.1", vmtest.Unsupported, "lacks tcx: link create: invalid argument (EINVAL)"},
	{"xdp_punt_af_xdp", "4.19", vmtest.Infra, "qemu ended: could not allocate 512 MiB of guest memory"},
	{"xdp_punt_af_xdp", "7.2", vmtest.NotRun, "interrupted: signal: interrupt"},
}

// sample is a report with every verdict: 30 cases on 6 kernels, and programs
// with the verifier's figures.
func sample(programs int) *Report {
	r := New(Tool{"assay", "v1.2.0"}, Host{
		OS: "Debian GNU/Linux 13 (trixie)", Kernel: "6.12.117+deb13-amd64", CPU: "AMD EPYC 9R14", CPUs: 2,
		QEMU: "10.0.8", Accel: "tcg",
	})
	r.Started, r.Seconds = time.Date(2026, 11, 20, 12, 8, 12, 0, time.UTC), 188.4
	for i, k := range sampleKernels {
		k.Source, k.Accel = "debian", "tcg"
		k.Digest, k.SHA256 = strings.Repeat(fmt.Sprint(i), 64), strings.Repeat(fmt.Sprintf("%x", 10+i), 64)
		r.AddKernel(k)
	}
	r.AddKernel(Kernel{Name: "7.3", Series: "7.3", Source: "debian", Status: StatusNotRun,
		Reason: "kernel 7.3 is not available: it is not in the cache, and the network is not to be used, run assay kernels pull 7.3 first"})
	for i, name := range sampleCases {
		for j, k := range sampleKernels {
			r.Add(sampleCell(name, k, 0.2+float64(i*7%11)/10+float64(j)/100))
		}
	}
	for i := range programs {
		for j, k := range sampleKernels {
			r.Add(sampleProgram(i, j, k))
		}
	}
	return r
}

func sampleCell(name string, k Kernel, seconds float64) Cell {
	c := Cell{Target: "reference", Case: name, Kernel: k.Name, Release: k.Release, Verdict: vmtest.Pass,
		Seconds: seconds, CPUSeconds: seconds * 0.9, Shape: "default"}
	for _, m := range mishaps {
		if m.test == name && strings.Contains(" "+m.kernels+" ", " "+k.Name+" ") {
			c.Verdict, c.Reason = m.verdict, m.reason
		}
	}
	if name == "capture_snaplen" && k.Name != "7.2" {
		c.Excused = []string{"WARNING: suspicious RCU usage in bpf_prog_put_deferred"}
	}
	if c.Verdict.Class() != vmtest.AsExpected {
		c.Stdout = "> needs net\n> exec ref " + name + "\n[stdout]\nattached to cgroup/test-12\n"
		c.Stderr = "FAIL: script.txtar:17: " + c.Reason + "\n"
		c.KernelLog = "[    0.412345] bpf: loading program 12\n[    1.003201] " + c.Reason + "\n[    1.003411] ---[ end trace 8f1c ]---\n"
		c.Bundle = "assay-failures/" + name + "-" + k.Name
	}
	switch c.Verdict {
	case vmtest.Panic, vmtest.Lost, vmtest.Hang:
		c.Console = "[    1.003201] " + c.Reason + "\n[    1.0035] \x1b[31mKernel panic - not syncing: Fatal exception in interrupt\x1b[0m\n"
	}
	if c.Verdict == vmtest.Hang {
		c.Stacks = "214 ref (uninterruptible)\n  lock_sock_nested+0x3f/0x80\n  sock_map_close+0x2a/0x140\n3 tasks\n"
	}
	return c
}

func count64(n int64) *int64 { return &n }

// sampleProgram is program i of a data plane on kernel j: newer verifiers walk
// through fewer instructions, the oldest refuse some.
func sampleProgram(i, j int, k Kernel) Cell {
	c := Cell{Target: "dataplane.bpf.o", Case: fmt.Sprintf("prog_%02d_%s", i, []string{"xdp_ingress", "tc_egress", "cgroup_skb", "sk_msg"}[i%4]),
		Kernel: k.Name, Release: k.Release, Verdict: vmtest.Pass, Load: Accepted, Seconds: 0.3, Shape: "default",
		Subject: &Subject{"dataplane.bpf.o", strings.Repeat("ab", 32)}}
	switch {
	case k.Name == "4.19" && i%5 == 2:
		c.Verdict, c.Load, c.Reason = vmtest.Fail, Rejected, "unknown func bpf_ringbuf_reserve#131"
		c.KernelLog = "17: (85) call bpf_ringbuf_reserve#131\nunknown func bpf_ringbuf_reserve#131\nprocessed 17 insns\n"
		return c
	case k.Name == "5.10" && i%13 == 7:
		c.Verdict, c.Load, c.Reason = vmtest.Fail, Rejected, "BPF program is too large. Processed 1000001 insn"
		return c
	case k.Name == "4.19" && i%9 == 4:
		c.Verdict, c.Load, c.Reason = vmtest.NotRun, NotAttempted, "map \"events\" could not be created"
		return c
	}
	n := int64(60 + i*97%900)
	age := int64([]int{2, 9, 7, 1, 4, 2}[j]) // in the order of sampleKernels
	c.Figures = &Figures{
		Instructions: count64(n), Processed: count64(n*3 + n*n/40*age), VerificationUS: count64(80 + n*age/2),
		PeakStates: count64(4 + n/20), TotalStates: count64(9 + n/9*age), StackDepth: count64(n % 512 / 8 * 8), JitedBytes: count64(n*4 + 37 + age),
	}
	if k.Name == "4.19" {
		c.Figures.TotalStates, c.Figures.VerificationUS = nil, nil // it does not say
	}
	return c
}
