package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// A Loader knows the running kernel: what it found out for one program it need not
// find out again for the next. It is for one goroutine.
type Loader struct {
	cache *btf.Cache
	// override are the kernel's types if it has none of its own.
	override *btf.Spec
	// statsLevel is what of a log asks for figures only, see verifierLog.
	statsLevel uint32
	// extInfos tells that programs may come with the types of their functions
	// and their source lines. (Linux 5.0, ba64e7d85252)
	extInfos bool
	// readKernel tells that bpf_probe_read_kernel and its like are there, in
	// place of bpf_probe_read, which read anything. (5.5, 6ae08ae3dea2)
	readKernel bool
	version    uint32
	// loaded are the modules with types, nil if not looked for yet.
	loaded []string
}

// New looks at the running kernel. It lifts the limit on locked memory, which older
// kernels charge BPF objects to.
func New() (*Loader, error) {
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unlimited, nil); err != nil {
		return nil, fmt.Errorf("lift limit of locked memory: %w", err)
	}
	l := &Loader{cache: btf.NewCache()}
	var err error
	if l.version, err = features.LinuxVersionCode(); err != nil {
		return nil, fmt.Errorf("find out kernel version: %w", err)
	}
	if l.statsLevel, err = probeStatsLevel(); err != nil {
		return nil, fmt.Errorf("load a program that does nothing: %w", err)
	}
	l.extInfos = probeExtInfos() == nil
	l.readKernel = features.HaveProgramHelper(ebpf.Kprobe, asm.FnProbeReadKernel) == nil
	return l, nil
}

// useTypes makes the types in a file those of the kernel.
func (l *Loader) useTypes(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	l.override, err = btf.LoadSpecFromReader(f)
	if err != nil {
		return fmt.Errorf("read kernel's types: %w", err)
	}
	return nil
}

// errNoTypes is a kernel without type information of its own, and none was given.
var errNoTypes = errors.New("this kernel has no type information (/sys/kernel/btf/vmlinux)")

// kernel returns the kernel's types.
func (l *Loader) kernel() (*btf.Spec, error) {
	if l.override != nil {
		return l.override, nil
	}
	spec, err := l.cache.Kernel()
	if errors.Is(err, ebpf.ErrNotSupported) {
		return nil, errNoTypes
	}
	return spec, err
}

// targets returns the types of the kernel and of the modules that are loaded.
func (l *Loader) targets() ([]*btf.Spec, error) {
	k, err := l.kernel()
	if err != nil || l.override != nil {
		return []*btf.Spec{k}, err // those that were given are of the modules too
	}
	all := []*btf.Spec{k}
	modules, err := l.modules()
	for _, name := range modules {
		spec, err := l.cache.Module(name)
		if err != nil {
			return nil, fmt.Errorf("types of module %s: %w", name, err)
		}
		all = append(all, spec)
	}
	return all, err
}

// modules are those that are loaded and whose types the kernel tells, since 5.11
// (36e68442d1af).
func (l *Loader) modules() ([]string, error) {
	if l.loaded != nil {
		return l.loaded, nil
	}
	entries, err := os.ReadDir("/sys/kernel/btf")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l.loaded = []string{}
	for _, e := range entries {
		if e.Name() != "vmlinux" {
			l.loaded = append(l.loaded, e.Name())
		}
	}
	return l.loaded, nil
}

// A found is a type of the running kernel.
type found struct {
	id     btf.TypeID
	typ    btf.Type
	module string // "" for the kernel itself
	many   bool   // there are others of that name
}

// find looks a type up in the kernel and in the modules that are loaded. keep says
// which of those with that name are meant.
func (l *Loader) find(name string, keep func(btf.Type) bool) (found, error) {
	k, err := l.cache.Kernel() // not the override: what is found is given to the kernel
	if errors.Is(err, ebpf.ErrNotSupported) {
		return found{}, errNoTypes
	}
	if err != nil {
		return found{}, err
	}
	if f, ok, err := findIn(k, name, keep); ok || err != nil {
		return f, err
	}
	modules, err := l.modules()
	if err != nil {
		return found{}, err
	}
	for _, m := range modules {
		spec, err := l.cache.Module(m)
		if err != nil {
			return found{}, err
		}
		f, ok, err := findIn(spec, name, keep)
		if f.module = m; ok || err != nil {
			return f, err
		}
	}
	return found{}, btf.ErrNotFound
}

func findIn(spec *btf.Spec, name string, keep func(btf.Type) bool) (f found, ok bool, err error) {
	types, err := spec.AnyTypesByName(name)
	if errors.Is(err, btf.ErrNotFound) {
		return f, false, nil
	}
	for _, t := range types {
		if !keep(t) {
			continue
		}
		id, err := spec.TypeID(t)
		if err != nil {
			return f, false, err
		}
		if f.many = f.typ != nil; !f.many || id < f.id { // the first, as libbpf takes it
			f.id, f.typ = id, t
		}
	}
	return f, f.typ != nil, err
}

// ofKind keeps types of one kind.
func ofKind[T btf.Type](t btf.Type) bool {
	_, ok := t.(T)
	return ok
}

// module opens the types of a module, as a descriptor to name them by.
func module(name string) (*btf.Handle, error) {
	it := new(btf.HandleIterator)
	defer func() { _ = it.Handle.Close() }()
	for it.Next() {
		info, err := it.Handle.Info()
		if err != nil {
			return nil, fmt.Errorf("open types of module %s: %w", name, err)
		}
		if info.IsModule() && info.Name == name {
			return it.Take(), nil
		}
	}
	return nil, fmt.Errorf("open types of module %s: %w", name, errors.Join(it.Err(), fs.ErrNotExist))
}

// knows tells whether an enumeration of the kernel has a constant.
func (l *Loader) knows(enum, constant string) bool { return l.constants(enum)[constant] }

// constants are those of an enumeration of the kernel; none if its types are not
// known.
func (l *Loader) constants(enum string) map[string]bool {
	k, err := l.kernel()
	if err != nil {
		return nil
	}
	types, err := k.AnyTypesByName(enum)
	if err != nil {
		return nil
	}
	all := map[string]bool{}
	for _, t := range types {
		if e, ok := t.(*btf.Enum); ok {
			for _, v := range e.Values {
				all[v.Name] = true
			}
		}
	}
	return all
}

// errnoName is the name of the kernel's answer in an error, "" if there is none.
func errnoName(err error) string {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return ""
	}
	const notSupp = 524 // ENOTSUPP, which is the kernel's own
	if e == notSupp {
		return "ENOTSUPP"
	}
	if name := unix.ErrnoName(e); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", int(e))
}
