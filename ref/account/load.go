package account

import (
	"errors"
	"fmt"

	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// Options choose between what the kernel offers. The zero value takes the best.
type Options struct {
	// Storage, unless empty, is used or [Load] fails with [ErrUnsupported].
	Storage Storage
	// Attach, unless empty, is used or [Load] fails with [ErrUnsupported].
	Attach Method
	// NoSegments leaves [Tally.Segments] and [Tally.WireBytes] out.
	NoSegments bool
	// Ledger keeps account of every cgroup below one that is attached to with
	// [Meter.AttachLedger], where the kernel can; see [Mode.Ledger].
	Ledger bool

	// For tests: what older kernels lack.
	separate bool // no value for both directions, as before 5.9
	segsOnly bool // no gso_size, as before 5.7
}

// storageLayout is one way to lay counters out in maps.
type storageLayout struct {
	storage Storage
	mapType ebpf.MapType
	// oneValue: one map, keyed by cgroup, with both directions in a value.
	// Otherwise a map for each program, keyed by cgroup and direction, of which
	// every value uses one half: before 5.9 programs cannot share a map.
	oneValue bool
	lacks    string // why a later one was taken
}

// layouts, best first.
var layouts = []storageLayout{
	{PerCPU, ebpf.PerCPUCGroupStorage, true, "cgroup storage shared by programs needs Linux 5.9"},
	{PerCPU, ebpf.PerCPUCGroupStorage, false, "per-CPU cgroup storage needs Linux 4.20"},
	{Shared, ebpf.CGroupStorage, false, "cgroup storage needs Linux 4.19"},
}

// variant is a build of the programs, by what they read of the packet.
type variant struct {
	suffix   string
	segments bool
	lacks    string
}

// variants, best first.
var variants = []variant{
	{"gso_size", true, "gso_size needs Linux 5.7"},
	{"gso_segs", true, "gso_segs needs Linux 5.1"},
	{"plain", false, ""},
}

// directions, in the order of Meter's arrays.
var directions = [2]struct {
	name   string
	attach ebpf.AttachType
}{
	{"ingress", ebpf.AttachCGroupInetIngress},
	{"egress", ebpf.AttachCGroupInetEgress},
}

// Load loads the programs and finds out what the kernel can do, by trying and
// not by version. It raises the process's memlock limit if the kernel (before
// 5.11) asks for it. Programs that an earlier, killed process left attached are
// detached where that can happen, see [ByProgram].
//
// The error wraps [ErrPrivileges] or [ErrUnsupported]. The caller must close
// the Meter.
func Load(o Options) (*Meter, error) {
	spec, err := loadAccount()
	if err != nil {
		return nil, err
	}
	m, err := load(spec, o)
	if errors.Is(err, unix.EPERM) && raiseMemlock() == nil {
		m, err = load(spec, o)
	}
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("%w: %v\nrun as root, or grant CAP_BPF and CAP_NET_ADMIN (CAP_SYS_ADMIN before Linux 5.8)", ErrPrivileges, err)
	}
	if err != nil {
		return nil, fmt.Errorf("load accounting programs: %w", err)
	}
	return m, nil
}

func load(spec *ebpf.CollectionSpec, o Options) (*Meter, error) {
	m := &Meter{}
	err := m.createMaps(spec.Maps[accountMapAccount], o)
	if err == nil {
		err = m.chooseMethod(o.Attach)
	}
	if err == nil {
		err = m.loadPrograms(spec, o)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func raiseMemlock() error {
	return unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
}

// createMaps takes the first layout of the wanted kind that the kernel accepts.
func (m *Meter) createMaps(spec *ebpf.MapSpec, o Options) error {
	var last error
	for _, l := range layouts {
		if o.Storage != "" && o.Storage != l.storage || o.separate && l.oneValue {
			continue
		}
		maps, err := l.create(spec)
		if err == nil {
			m.maps, m.mode.Storage, m.mode.OneValue = maps, l.storage, l.oneValue
			return nil
		}
		if errors.Is(err, unix.EPERM) {
			return err
		}
		m.mode.because(l.lacks)
		last = fmt.Errorf("%w: %s: %v", ErrUnsupported, l.lacks, err)
	}
	if last == nil {
		return fmt.Errorf("%w: no storage %q\nuse %s or %s", ErrUnsupported, o.Storage, PerCPU, Shared)
	}
	return last
}

func (l storageLayout) create(spec *ebpf.MapSpec) ([2]*ebpf.Map, error) {
	spec = spec.Copy()
	spec.Type = l.mapType
	if l.oneValue {
		spec.KeySize, spec.Key = 8, &btf.Int{Name: "__u64", Size: 8}
	}
	var maps [2]*ebpf.Map
	first, err := ebpf.NewMap(spec)
	if err != nil || l.oneValue {
		maps[0] = first
		return maps, err
	}
	second, err := ebpf.NewMap(spec)
	if err != nil {
		first.Close()
		return maps, err
	}
	return [2]*ebpf.Map{first, second}, nil
}

func (m *Meter) chooseMethod(want Method) error {
	best := cgroup.BestMethod()
	switch {
	case want == "" || want == best || want == ByProgram:
	case want == ByLink:
		return fmt.Errorf("%w: attaching by link needs Linux 5.7", ErrUnsupported)
	default:
		return fmt.Errorf("%w: no attach method %q\nuse %s or %s", ErrUnsupported, want, ByLink, ByProgram)
	}
	m.mode.Attach = best
	if want != "" {
		m.mode.Attach = want
	} else if best == ByProgram {
		m.mode.because("bpf_link needs Linux 5.7")
	}
	return nil
}
