package verb

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A hook is a place to attach programs to, by bpftool's name for it.
type hook struct {
	at   ebpf.AttachType
	name string
}

// cgroupHooks are those of which a cgroup has a list of programs. What a kernel
// does not know it has none of.
var cgroupHooks = []hook{
	{ebpf.AttachCGroupInetIngress, "cgroup_inet_ingress"},
	{ebpf.AttachCGroupInetEgress, "cgroup_inet_egress"},
	{ebpf.AttachCGroupInetSockCreate, "cgroup_inet_sock_create"},
	{ebpf.AttachCgroupInetSockRelease, "cgroup_inet_sock_release"},
	{ebpf.AttachCGroupSockOps, "cgroup_sock_ops"},
	{ebpf.AttachCGroupDevice, "cgroup_device"},
	{ebpf.AttachCGroupInet4Bind, "cgroup_inet4_bind"},
	{ebpf.AttachCGroupInet6Bind, "cgroup_inet6_bind"},
	{ebpf.AttachCGroupInet4Connect, "cgroup_inet4_connect"},
	{ebpf.AttachCGroupInet6Connect, "cgroup_inet6_connect"},
	{ebpf.AttachCGroupInet4PostBind, "cgroup_inet4_post_bind"},
	{ebpf.AttachCGroupInet6PostBind, "cgroup_inet6_post_bind"},
	{ebpf.AttachCGroupUDP4Sendmsg, "cgroup_udp4_sendmsg"},
	{ebpf.AttachCGroupUDP6Sendmsg, "cgroup_udp6_sendmsg"},
	{ebpf.AttachCGroupUDP4Recvmsg, "cgroup_udp4_recvmsg"},
	{ebpf.AttachCGroupUDP6Recvmsg, "cgroup_udp6_recvmsg"},
	{ebpf.AttachCGroupSysctl, "cgroup_sysctl"},
	{ebpf.AttachCGroupGetsockopt, "cgroup_getsockopt"},
	{ebpf.AttachCGroupSetsockopt, "cgroup_setsockopt"},
}

// deviceHooks are those of an interface that have no qdisc.
var deviceHooks = []hook{{ebpf.AttachTCXIngress, "tcx_ingress"}, {ebpf.AttachTCXEgress, "tcx_egress"}}

func runAttached(s *State, args []string) error {
	var found []string
	var err error
	if name, ok := strings.CutPrefix(args[0], "@"); ok {
		found, err = s.attachedToCgroup(name)
	} else {
		err = s.atIface(args[0], func(iface string) (err error) {
			found, err = attachedToIface(iface)
			return err
		})
	}
	if err != nil {
		return err
	}
	return s.list(found, args[1:])
}

func (s *State) attachedToCgroup(name string) (found []string, err error) {
	dir, err := s.World.CgroupDir(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return queryAll(int(f.Fd()), cgroupHooks)
}

// queryAll lists the programs at the hooks of a target, as "HOOK NAME".
func queryAll(target int, hooks []hook) (found []string, err error) {
	for _, h := range hooks {
		r, err := link.QueryPrograms(link.QueryOptions{Target: target, Attach: h.at})
		if errors.Is(err, unix.EINVAL) || errors.Is(err, ebpf.ErrNotSupported) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", h.name, err)
		}
		for _, p := range r.Programs {
			name, err := programName(uint32(p.ID))
			if err != nil {
				return nil, err
			}
			found = append(found, h.name+" "+name)
		}
	}
	return found, nil
}

func attachedToIface(iface string) (found []string, err error) {
	l, err := netlink.LinkByName(iface)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", iface, err)
	}
	if x := l.Attrs().Xdp; x != nil && x.Attached {
		name, err := programName(x.ProgId)
		if err != nil {
			return nil, err
		}
		found = append(found, "xdp "+name)
	}
	links, err := queryAll(l.Attrs().Index, deviceHooks)
	if err != nil {
		return nil, err
	}
	filters, err := filters(l)
	return slices.Concat(found, links, filters), err
}

// filters lists the programs of the clsact qdisc of an interface, if it has one.
func filters(l netlink.Link) (found []string, err error) {
	for _, hook := range []struct {
		name   string
		parent uint32
	}{{"tc_ingress", netlink.HANDLE_MIN_INGRESS}, {"tc_egress", netlink.HANDLE_MIN_EGRESS}} {
		all, err := netlink.FilterList(l, hook.parent)
		if errors.Is(err, unix.EINVAL) {
			continue // there is no clsact qdisc to have filters
		}
		if err != nil {
			return nil, fmt.Errorf("list filters of %s: %w", l.Attrs().Name, err)
		}
		for _, f := range all {
			if bpf, ok := f.(*netlink.BpfFilter); ok {
				found = append(found, hook.name+" "+bpf.Name)
			}
		}
	}
	return found, nil
}

// Flags of the old way to attach, by what they say of other programs.
var attachFlags = map[string]uint32{"exclusive": 0, "override": unix.BPF_F_ALLOW_OVERRIDE, "multi": unix.BPF_F_ALLOW_MULTI}

var directions = map[string]ebpf.AttachType{"ingress": ebpf.AttachCGroupInetIngress, "egress": ebpf.AttachCGroupInetEgress}

func runAttach(s *State, args []string) error {
	cgroup, ok := strings.CutPrefix(args[0], "@")
	direction, ok2 := directions[args[1]]
	flags, ok3 := attachFlags[args[2]]
	if !ok || !ok2 || !ok3 {
		return usagef("want @[CGROUP] ingress|egress exclusive|override|multi")
	}
	dir, err := s.World.CgroupDir(cgroup)
	if err != nil {
		return err
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "let_pass", Type: ebpf.CGroupSKB, License: "Dual MIT/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()},
	})
	if err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return errors.Join(err, p.Close())
	}
	// Not by link: links have no flags. What is attached so is there until the
	// cgroup, or this, is gone.
	err = link.RawAttachProgram(link.RawAttachProgramOptions{Target: int(f.Fd()), Program: p, Attach: direction, Flags: flags})
	if err != nil {
		return errors.Join(fmt.Errorf("attach to %s: %w", dir, err), f.Close(), p.Close())
	}
	s.undo = append(s.undo, undo{"detach from " + dir, func() error {
		err := link.RawDetachProgram(link.RawDetachProgramOptions{Target: int(f.Fd()), Program: p, Attach: direction})
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) {
			err = nil // the cgroup has been removed
		}
		return errors.Join(err, f.Close(), p.Close())
	}})
	return nil
}
