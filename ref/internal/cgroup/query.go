package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Flags of BPF_PROG_ATTACH, UAPI <linux/bpf.h>.
const (
	allowOverride = 1 << 0 // Linux 4.10
	allowMulti    = 1 << 1 // Linux 4.15, 324bda9e6c5a
)

// attached is what a cgroup itself holds for one attach type.
type attached struct {
	flags uint32
	ids   []ebpf.ProgramID
}

// query asks which programs are attached to the cgroup behind f, and how. The
// library's QueryPrograms leaves out the flags, which are the point here.
func query(f *os.File, at ebpf.AttachType) (attached, error) {
	ids := make([]ebpf.ProgramID, 64) // the kernel's limit, BPF_CGROUP_MAX_PROGS
	attr := struct {
		target, attachType, queryFlags, attachFlags uint32
		progIDs                                     uint64
		count, _                                    uint32
	}{
		target:     uint32(f.Fd()),
		attachType: uint32(at),
		progIDs:    uint64(uintptr(unsafe.Pointer(&ids[0]))),
		count:      uint32(len(ids)),
	}
	_, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_QUERY, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive(ids)
	runtime.KeepAlive(f)
	if errno != 0 {
		return attached{}, fmt.Errorf("query programs of %s: %w", f.Name(), errno)
	}
	return attached{attr.attachFlags, ids[:min(int(attr.count), len(ids))]}, nil
}

// conflict reports a program that attaching to d would run into.
//
// The nearest cgroup upwards that holds any program decides: if that one allows
// several, the kernel runs them all; if it can be overridden, the kernel would
// quietly stop running it for d and everything below; otherwise the kernel
// refuses, without saying whom to ask. What cannot be read is left to the kernel.
func (d *Dir) conflict(at ebpf.AttachType) error {
	for path := d.Path; ; path = filepath.Dir(path) {
		held, err := queryPath(path, at)
		if err != nil {
			return nil
		}
		if len(held.ids) > 0 {
			return held.refusal(d.Path, path)
		}
		if path == d.mount || path == "/" {
			return nil
		}
	}
}

func queryPath(path string, at ebpf.AttachType) (attached, error) {
	f, err := os.Open(path)
	if err != nil {
		return attached{}, err
	}
	defer f.Close()
	return query(f, at)
}

func (a attached) refusal(path, holder string) error {
	var what error
	switch {
	case a.flags&allowMulti != 0:
		return nil
	case a.flags&allowOverride != 0 && holder != path:
		what = ErrOverrides
	default:
		what = ErrExclusive
	}
	return fmt.Errorf("%w: %s at %s\nask its owner to attach with BPF_F_ALLOW_MULTI", what, describe(a.ids[0]), holder)
}

// describe names a program as bpftool does, for people.
func describe(id ebpf.ProgramID) string {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return fmt.Sprintf("program %d", id)
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil || info.Name == "" {
		return fmt.Sprintf("program %d", id)
	}
	return fmt.Sprintf("program %d (%s)", id, info.Name)
}

// isGone tells whether a system call failed because its cgroup was removed.
func isGone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
}
