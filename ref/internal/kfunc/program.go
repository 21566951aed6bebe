package kfunc

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// kptrTag is how this kernel spells the tag of a pointer in a map value that owns a
// reference: "kptr" since Linux 6.4, "kptr_ref" before, when "kptr" meant one that does
// not. The kernel that renamed it is also the first that has bpf_iter_num_new.
var kptrTag = sync.OnceValues(func() (string, error) {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return "", err
	}
	var fn *btf.Func
	err = spec.TypeByName("bpf_iter_num_new", &fn)
	if errors.Is(err, btf.ErrNotFound) {
		return "kptr_ref", nil
	}
	return "kptr", err
})

// Prepare makes an object fit the running kernel: the tags of the kptrs in its maps'
// values become those that the kernel knows.
func Prepare(spec *ebpf.CollectionSpec) error {
	tag, err := kptrTag()
	if err != nil {
		return err
	}
	for _, m := range spec.Maps {
		retag(m.Value, tag)
	}
	return nil
}

func retag(t btf.Type, tag string) {
	s, ok := btf.As[*btf.Struct](t)
	if !ok {
		return
	}
	for _, m := range s.Members {
		p, ok := btf.UnderlyingType(m.Type).(*btf.Pointer)
		if !ok {
			continue
		}
		if tt, ok := p.Target.(*btf.TypeTag); ok && (tt.Value == "kptr" || tt.Value == "kptr_ref") {
			tt.Value = tag
		}
	}
}

// NewCollection prepares an object and loads it; of its programs, if any are named, only
// those. Errors wrap ErrUnsupported or ErrPrivileges where these are the cause.
func NewCollection(spec *ebpf.CollectionSpec, programs ...string) (*ebpf.Collection, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	if err := Prepare(spec); err != nil {
		return nil, err
	}
	if len(programs) > 0 {
		chosen := map[string]*ebpf.ProgramSpec{}
		for _, name := range programs {
			p := spec.Programs[name]
			if p == nil {
				return nil, fmt.Errorf("there is no program %s", name)
			}
			chosen[name] = p
		}
		spec.Programs = chosen
	}
	c, err := ebpf.NewCollection(spec)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: %w\nrun as root, or grant CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN", ErrPrivileges, err)
	}
	return c, err
}
