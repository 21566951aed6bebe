package feature

import (
	"errors"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

var attachments = []Feature{
	{"bpf_link_cgroup", "links to cgroups, which end with their holder", "5.7", "af6eea57437a", onCgroup("link of type cgroup", attachCgroupLink)},
	{"bpf_link_xdp", "links of XDP programs", "5.9", "aa8d3a716b59", onLoopback("link of type xdp", ebpf.XDP, ebpf.AttachXDP, attachXDPLink)},
	{"cgroup_multi", "several programs on a cgroup", "4.15", "324bda9e6c5a", onCgroup("flag BPF_F_ALLOW_MULTI", attachCgroup(unix.BPF_F_ALLOW_MULTI))},
	{"kprobe_multi", "one link of a program to many functions", "5.18", "0dcac2725406", bpf("link of type kprobe_multi", features.HaveBPFLinkKprobeMulti)},
	{"kprobe_session", "one program for a function's entry and return", "6.10", "", bpf("link of type kprobe_session", features.HaveBPFLinkKprobeSession)},
	{"kprobes", "programs on the instructions of the kernel", "4.1", "2541517c32be", attachKprobe},
	{"tcx", "links to traffic control without a qdisc", "6.6", "e420bed02507", onLoopback("link of type tcx", ebpf.SchedCLS, ebpf.AttachTCXIngress, attachTCX)},
	{"uprobe_multi", "one link of a program to many places in a binary", "6.6", "", bpf("link of type uprobe_multi", features.HaveBPFLinkUprobeMulti)},
	{"uprobes", "programs on the instructions of a binary", "4.1", "", file("/sys/bus/event_source/devices/uprobe")},
}

// onCgroup makes a probe that attaches to a cgroup of its own.
func onCgroup(what string, attach func(*ebpf.Program, *os.File) error) func() error {
	spec := ebpf.ProgramSpec{Type: ebpf.CGroupSKB, AttachType: ebpf.AttachCGroupInetEgress, Instructions: returns(1)}
	return with(what, spec, func(p *ebpf.Program) error {
		return inOwnCgroup(func(dir string) error {
			f, err := os.Open(dir)
			if err != nil {
				return err
			}
			return errors.Join(attach(p, f), f.Close())
		})
	}, unix.EINVAL)
}

func attachCgroupLink(p *ebpf.Program, cgroup *os.File) error {
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: int(cgroup.Fd()), Program: p, Attach: ebpf.AttachCGroupInetEgress})
	if err != nil {
		return err
	}
	return l.Close()
}

func attachCgroup(flags uint32) func(*ebpf.Program, *os.File) error {
	return func(p *ebpf.Program, cgroup *os.File) error {
		target := int(cgroup.Fd())
		err := link.RawAttachProgram(link.RawAttachProgramOptions{
			Target: target, Program: p, Attach: ebpf.AttachCGroupInetEgress, Flags: flags,
		})
		if err != nil {
			return err
		}
		return link.RawDetachProgram(link.RawDetachProgramOptions{
			Target: target, Program: p, Attach: ebpf.AttachCGroupInetEgress,
		})
	}
}

// loopback is the index of the loopback in every network namespace.
const loopback = 1

// onLoopback makes a probe that attaches to the loopback of a network namespace of
// its own.
func onLoopback(what string, t ebpf.ProgramType, at ebpf.AttachType, attach func(*ebpf.Program) (link.Link, error)) func() error {
	spec := ebpf.ProgramSpec{Type: t, AttachType: at, Instructions: returns(2)}
	return with(what, spec, func(p *ebpf.Program) error {
		return apart(unix.CLONE_NEWNET, func() error {
			l, err := attach(p)
			if err != nil {
				return err
			}
			return l.Close()
		})
	}, unix.EINVAL, unix.E2BIG)
}

func attachXDPLink(p *ebpf.Program) (link.Link, error) {
	return link.AttachXDP(link.XDPOptions{Program: p, Interface: loopback, Flags: link.XDPGenericMode})
}

func attachTCX(p *ebpf.Program) (link.Link, error) {
	return link.AttachTCX(link.TCXOptions{Interface: loopback, Program: p, Attach: ebpf.AttachTCXIngress})
}

// attachKprobe attaches to a function that every kernel has and seldom calls.
var attachKprobe = with("kprobe", ebpf.ProgramSpec{Type: ebpf.Kprobe, Instructions: returns(0)}, func(p *ebpf.Program) error {
	l, err := link.Kprobe("vprintk", p, nil)
	if err != nil {
		return err
	}
	return l.Close()
}, os.ErrNotExist, unix.EOPNOTSUPP)
