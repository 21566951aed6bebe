package verb

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

var bpfs = []Verb{
	{"bpf", "programs|maps|links [OP N | -> VAR]", "Print what BPF objects the machine has that it had not when the scenario began.", 1, -1, runBPF},
	{"attached", "@[CGROUP] | [NETNS/]IFACE [OP N | -> VAR]", "Print the BPF programs that are attached to a cgroup or an interface.", 1, -1, runAttached},
	{"load", "FILE…", "Load the programs of BPF object files, and let them go again: the verifier is content.", 1, -1, runLoad},
}

// objects are the kinds that bpf lists.
var objects = map[string]struct {
	next     func(uint32) (uint32, error)
	describe func(uint32) (string, error)
}{
	"programs": {nextProgram, describeProgram},
	"maps":     {nextMap, describeMap},
	"links":    {nextLink, describeLink},
}

func nextProgram(id uint32) (uint32, error) {
	next, err := ebpf.ProgramGetNextID(ebpf.ProgramID(id))
	return uint32(next), err
}

func nextMap(id uint32) (uint32, error) {
	next, err := ebpf.MapGetNextID(ebpf.MapID(id))
	return uint32(next), err
}

func describeProgram(id uint32) (string, error) {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return "", err
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v %s", info.Type, info.Name), nil
}

func describeMap(id uint32) (string, error) {
	m, err := ebpf.NewMapFromID(ebpf.MapID(id))
	if err != nil {
		return "", err
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v %s", info.Type, info.Name), nil
}

func describeLink(id uint32) (string, error) {
	l, err := link.NewFromID(link.ID(id))
	if err != nil {
		return "", err
	}
	defer l.Close()
	info, err := l.Info()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v of program %d", info.Type, info.Program), nil
}

// nextLink finds the next link's id.
func nextLink(id uint32) (uint32, error) {
	it := &link.Iterator{ID: link.ID(id)}
	defer it.Close()
	if it.Next() {
		return uint32(it.ID), nil
	}
	if err := it.Err(); err != nil {
		return 0, err
	}
	return 0, os.ErrNotExist
}

// ids lists all objects of a kind, oldest first. A kernel that cannot have any has
// none.
func ids(kind string) (all []uint32, err error) {
	var id uint32
	for {
		id, err = objects[kind].next(id)
		switch {
		case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.EINVAL), errors.Is(err, ebpf.ErrNotSupported):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("list BPF %s: %w", kind, err)
		}
		all = append(all, id)
	}
}

// NoteBPF notes what BPF objects there are before the scenario makes its own.
func (s *State) NoteBPF() error {
	s.bpfBefore = map[string][]uint32{}
	for kind := range objects {
		all, err := ids(kind)
		if err != nil {
			return err
		}
		s.bpfBefore[kind] = all
	}
	return nil
}

func runBPF(s *State, args []string) error {
	kind, ok := objects[args[0]]
	if !ok {
		return usagef("want programs, maps or links, not %q", args[0])
	}
	all, err := ids(args[0])
	if err != nil {
		return err
	}
	var found []string
	for _, id := range all {
		if slices.Contains(s.bpfBefore[args[0]], id) {
			continue
		}
		text, err := kind.describe(id)
		if errors.Is(err, os.ErrNotExist) {
			continue // it has just gone
		}
		if err != nil {
			return err
		}
		found = append(found, text)
	}
	return s.list(found, args[1:])
}

// list prints lines and compares their number.
func (s *State) list(found, args []string) error {
	for _, line := range found {
		fmt.Fprintln(&s.out, line)
	}
	if len(args) == 0 {
		return nil
	}
	err := s.judge(big.NewInt(int64(len(found))), args)
	if err != nil && len(found) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(found, ", "), err)
	}
	return err
}

// cgroupAttachTypes are those of which a cgroup has a list of programs. What a
// kernel does not know it has none of.
var cgroupAttachTypes = []ebpf.AttachType{
	ebpf.AttachCGroupInetIngress, ebpf.AttachCGroupInetEgress, ebpf.AttachCGroupInetSockCreate,
	ebpf.AttachCGroupSockOps, ebpf.AttachCGroupDevice, ebpf.AttachCGroupInet4Bind, ebpf.AttachCGroupInet6Bind,
	ebpf.AttachCGroupInet4Connect, ebpf.AttachCGroupInet6Connect, ebpf.AttachCGroupInet4PostBind,
	ebpf.AttachCGroupInet6PostBind, ebpf.AttachCGroupUDP4Sendmsg, ebpf.AttachCGroupUDP6Sendmsg,
	ebpf.AttachCGroupUDP4Recvmsg, ebpf.AttachCGroupUDP6Recvmsg, ebpf.AttachCGroupSysctl,
	ebpf.AttachCGroupGetsockopt, ebpf.AttachCGroupSetsockopt, ebpf.AttachCgroupInetSockRelease,
}

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
	for _, at := range cgroupAttachTypes {
		more, err := query(int(f.Fd()), at)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// query lists the programs at a target, as "ATTACH_TYPE program NAME".
func query(target int, at ebpf.AttachType) (found []string, err error) {
	r, err := link.QueryPrograms(link.QueryOptions{Target: target, Attach: at})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, ebpf.ErrNotSupported) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("query %v: %w", at, err)
	}
	for _, p := range r.Programs {
		text, err := describeProgram(uint32(p.ID))
		if err != nil {
			return nil, err
		}
		found = append(found, fmt.Sprintf("%v %s", at, text))
	}
	return found, nil
}

func attachedToIface(iface string) (found []string, err error) {
	l, err := netlink.LinkByName(iface)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", iface, err)
	}
	if x := l.Attrs().Xdp; x != nil && x.Attached {
		text, err := describeProgram(x.ProgId)
		if err != nil {
			return nil, err
		}
		found = append(found, "XDP "+text)
	}
	for _, at := range []ebpf.AttachType{ebpf.AttachTCXIngress, ebpf.AttachTCXEgress} {
		more, err := query(l.Attrs().Index, at)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	for _, hook := range []struct {
		name   string
		parent uint32
	}{{"TC ingress", netlink.HANDLE_MIN_INGRESS}, {"TC egress", netlink.HANDLE_MIN_EGRESS}} {
		filters, err := netlink.FilterList(l, hook.parent)
		if errors.Is(err, unix.EINVAL) {
			continue // there is no clsact qdisc to have filters
		}
		if err != nil {
			return nil, fmt.Errorf("list filters of %s: %w", iface, err)
		}
		for _, f := range filters {
			if bpf, ok := f.(*netlink.BpfFilter); ok {
				found = append(found, hook.name+" "+bpf.Name)
			}
		}
	}
	return found, nil
}

func runLoad(s *State, args []string) error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	for _, name := range args {
		if err := s.load(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *State) load(name string) error {
	spec, err := ebpf.LoadCollectionSpec(s.script.MkAbs(name))
	if err != nil {
		return err
	}
	c, err := ebpf.NewCollection(spec)
	if err != nil {
		return err
	}
	defer c.Close()
	for name, p := range c.Programs {
		fmt.Fprintf(&s.out, "%s %v\n", name, p.Type())
	}
	return nil
}
