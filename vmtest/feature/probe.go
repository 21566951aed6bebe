package feature

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// absence is the error of a probe that found nothing.
type absence struct{ reason string }

func (a *absence) Error() string { return a.reason }

func (a *absence) Is(target error) bool { return target == ErrAbsent }

func absentf(format string, args ...any) error { return &absence{fmt.Sprintf(format, args...)} }

// absentIf turns an error that is one of those given into an absence.
func absentIf(err error, what string, signs ...error) error {
	for _, sign := range signs {
		if errors.Is(err, sign) {
			return absentf("%s: %v", what, sign)
		}
	}
	return err
}

// memlock keeps the one probe that changes the limit of locked memory from the
// others.
var memlock sync.RWMutex

// unlockMemory lifts the limit that decides, before 5.11, whether a BPF object can
// be made at all.
var unlockMemory = sync.OnceValue(rlimit.RemoveMemlock)

// errUnsupported is the kernel's ENOTSUPP, which never became part of any API and
// is returned all the same.
const errUnsupported = unix.Errno(524)

// bpf makes a probe of something that makes BPF objects. Those errors mean that it
// is not there.
func bpf(what string, try func() error, signs ...error) func() error {
	signs = append(signs, ebpf.ErrNotSupported, errUnsupported)
	return func() error {
		memlock.RLock()
		defer memlock.RUnlock()
		if err := unlockMemory(); err != nil {
			return err
		}
		err := try()
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) && !errors.Is(err, unix.EPERM) {
			return absentf("%s: the verifier says: %v", what, refused)
		}
		return absentIf(err, what, signs...)
	}
}

func mapType(t ebpf.MapType) func() error {
	return bpf("map type "+t.String(), func() error { return features.HaveMapType(t) })
}

// newMap makes a probe of a map with certain properties.
func newMap(what string, spec ebpf.MapSpec) func() error {
	return bpf(what, func() error {
		m, err := ebpf.NewMap(spec.Copy())
		if err != nil {
			return err
		}
		return m.Close()
	}, unix.EINVAL, unix.E2BIG)
}

func progType(t ebpf.ProgramType) func() error {
	return bpf("program type "+t.String(), func() error { return features.HaveProgramType(t) })
}

func helper(t ebpf.ProgramType, fn asm.BuiltinFunc) func() error {
	return bpf(fmt.Sprintf("helper %v in programs of type %v", fn, t),
		func() error { return features.HaveProgramHelper(t, fn) })
}

// loads makes a probe that is content when the verifier is with a program.
func loads(what string, spec ebpf.ProgramSpec) func() error {
	return bpf(what, func() error {
		p, err := load(spec)
		if err != nil {
			return err
		}
		return p.Close()
	}, unix.EINVAL, unix.E2BIG, unix.EACCES)
}

func load(spec ebpf.ProgramSpec) (*ebpf.Program, error) {
	spec.License = "GPL" // also to call what only such programs may
	return ebpf.NewProgram(&spec)
}

// with makes a probe that tries something with a loaded program.
func with(what string, spec ebpf.ProgramSpec, try func(*ebpf.Program) error, signs ...error) func() error {
	return bpf(what, func() error {
		p, err := load(spec)
		if err != nil {
			return err
		}
		return errors.Join(try(p), p.Close())
	}, signs...)
}

// returns is a program that does nothing but return a value.
func returns(v int32) asm.Instructions {
	return asm.Instructions{asm.Mov.Imm(asm.R0, v), asm.Return()}
}

// file makes a probe for a path that the kernel shows when it has something.
func file(path string) func() error {
	return func() error {
		_, err := os.Stat(path)
		return absentIf(err, path, os.ErrNotExist)
	}
}

// apart calls f on a thread that has namespaces of its own, which end with it.
func apart(namespaces int, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		if err := unix.Unshare(namespaces); err != nil {
			result <- fmt.Errorf("make namespaces: %w", err)
			return
		}
		result <- f()
	}()
	return <-result
}

// fileSystem makes a probe that tries to mount one, where nobody sees it. All but
// an unknown type mean that it is there: most want more than their name.
func fileSystem(fstype string) func() error {
	return func() error {
		return mounted(fstype, func() error { return nil })
	}
}

// mounted calls f while a file system is mounted at /sys/kernel, or if it will not
// be mounted without options.
func mounted(fstype string, f func() error) error {
	return apart(unix.CLONE_NEWNS, func() error {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("make mounts private: %w", err)
		}
		err := unix.Mount(fstype, "/sys/kernel", fstype, 0, "")
		switch {
		case errors.Is(err, unix.ENODEV):
			return absentf("file system %s: %v", fstype, err)
		case errors.Is(err, unix.EPERM):
			return fmt.Errorf("mount %s: %w", fstype, err)
		}
		return f()
	})
}

// inMount makes a probe for a path in a file system, mounted or not.
func inMount(fstype, path string) func() error {
	return func() error {
		return mounted(fstype, file("/sys/kernel/"+path))
	}
}

// says tells whether the verifier's log has a text.
func says(refused *ebpf.VerifierError, text string) bool {
	return slices.ContainsFunc(refused.Log, func(line string) bool { return strings.Contains(line, text) })
}
