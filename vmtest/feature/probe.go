package feature

import (
	"errors"
	"fmt"
	"os"
	"runtime"
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
func absentIf(err error, reason string, signs ...error) error {
	for _, sign := range signs {
		if errors.Is(err, sign) {
			return absentf("%s: %v", reason, sign)
		}
	}
	return err
}

// unlockMemory lifts the limit that decides, before 5.11, whether a BPF object can
// be made at all.
var unlockMemory = sync.OnceValue(rlimit.RemoveMemlock)

// bpf makes a probe of something that makes BPF objects.
func bpf(reason string, try func() error) func() error {
	return func() error {
		if err := unlockMemory(); err != nil {
			return err
		}
		return absentIf(try(), reason, ebpf.ErrNotSupported, errUnsupported)
	}
}

// errUnsupported is ENOTSUPP, which the kernel has and POSIX has not.
const errUnsupported = unix.Errno(524)

func mapType(t ebpf.MapType) func() error {
	return bpf("map type "+t.String(), func() error { return features.HaveMapType(t) })
}

func progType(t ebpf.ProgramType) func() error {
	return bpf("program type "+t.String(), func() error { return features.HaveProgramType(t) })
}

func helper(t ebpf.ProgramType, fn asm.BuiltinFunc) func() error {
	return bpf(fmt.Sprintf("helper %v in programs of type %v", fn, t),
		func() error { return features.HaveProgramHelper(t, fn) })
}

// loads makes a probe that is content when the verifier is with a program. What it
// says against it is the reason.
func loads(spec *ebpf.ProgramSpec) func() error {
	return func() error {
		if err := unlockMemory(); err != nil {
			return err
		}
		p, err := load(spec)
		if err == nil {
			return p.Close()
		}
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) {
			return absentf("the verifier refuses it: %v", refused)
		}
		return absentIf(err, "load program", unix.EINVAL, unix.E2BIG, unix.EACCES, ebpf.ErrNotSupported, errUnsupported)
	}
}

func load(spec *ebpf.ProgramSpec) (*ebpf.Program, error) {
	if spec.License == "" {
		spec.License = "GPL"
	}
	return ebpf.NewProgram(spec)
}

// file makes a probe for a path that the kernel shows when it has something.
func file(path string) func() error {
	return func() error {
		_, err := os.Stat(path)
		return absentIf(err, path, os.ErrNotExist)
	}
}

// inOwnNetns calls f on a thread with a network namespace of its own, which ends
// with it.
func inOwnNetns(f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err != nil {
			result <- fmt.Errorf("make network namespace: %w", err)
			return
		}
		result <- f()
	}()
	return <-result
}

// returns is a program that does nothing but return a value.
func returns(v int32) asm.Instructions {
	return asm.Instructions{asm.Mov.Imm(asm.R0, v), asm.Return()}
}
