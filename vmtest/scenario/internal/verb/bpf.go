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
	"golang.org/x/sys/unix"
)

var bpfs = []Verb{
	{"bpf", "programs|maps|links [OP N | -> VAR]", "Print what BPF objects the machine has that it had not when the scenario began.", 1, -1, runBPF},
	{"attached", "@[CGROUP] | [NETNS/]IFACE [OP N | -> VAR]", "Print the BPF programs that are attached to a cgroup or an interface.", 1, -1, runAttached},
	{"attach", "@[CGROUP] ingress|egress exclusive|override|multi", "Attach a BPF program that lets all pass to a cgroup, tolerating others or not; it is detached in the end.", 3, 3, runAttach},
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

func programName(id uint32) (string, error) {
	info, err := programInfo(id)
	if err != nil {
		return "", err
	}
	return info.Name, nil
}

func describeProgram(id uint32) (string, error) {
	info, err := programInfo(id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v %s", info.Type, info.Name), nil
}

func programInfo(id uint32) (*ebpf.ProgramInfo, error) {
	p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Info()
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
