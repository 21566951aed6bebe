package vmtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/kernels"
)

// machineSpec is all that decides what a machine is.
type machineSpec struct {
	image *kernels.Image
	shape Shape
	accel Accel
	extra []string // further arguments of QEMU
}

// devices are the parts that a machine has in common with its clones.
func (s machineSpec) devices(q *qemuBinary, mem memory) []device {
	return []device{
		bare{q.Machine},
		processor{s.shape, s.accel, q.major()},
		mem,
		ports{},
		nicPairs(s.shape.NICPairs),
		userNetwork(s.shape.Network),
		raw(s.extra),
	}
}

// kernelFile returns what QEMU is given to boot: the unpacked kernel if it can be
// entered directly, for unpacking inside TCG costs seconds.
func (s machineSpec) kernelFile() string {
	if s.image.PVH && s.image.Vmlinux != "" {
		return s.image.Vmlinux
	}
	return s.image.Kernel
}

func (s machineSpec) cmdline() string {
	var extra []string
	if e, ok := kernels.Series(s.image.Series); ok {
		extra = e.Cmdline
	}
	return cmdline(s.shape, s.accel, strings.Join(extra, " "))
}

// A BootError is a kernel that did not come up.
type BootError struct {
	Kernel  string
	Console string // the end of what it said
	Err     error
}

// Error implements error.
func (e *BootError) Error() string { return fmt.Sprintf("boot %s: %v", e.Kernel, e.Err) }

// Unwrap returns the cause.
func (e *BootError) Unwrap() error { return e.Err }

// Boot boots a machine from nothing: it takes seconds and depends on nothing that
// was kept. Most callers want [Lab.Template] and its clones.
func (l *Lab) Boot(ctx context.Context, image *kernels.Image, shape Shape, qemuArgs ...string) (*Machine, error) {
	spec, err := l.spec(ctx, image, shape)
	if err != nil {
		return nil, err
	}
	spec.extra = qemuArgs
	return l.boot(ctx, spec, nil)
}

func (l *Lab) spec(ctx context.Context, image *kernels.Image, shape Shape) (machineSpec, error) {
	shape = shape.filled()
	if err := shape.check(); err != nil {
		return machineSpec{}, err
	}
	accel := TCG
	if !shape.CountInstructions {
		a, err := l.accelFor(ctx, image)
		if err != nil {
			return machineSpec{}, err
		}
		accel = a
	}
	return machineSpec{image: image, shape: shape, accel: accel}, nil
}

// bootTries is how often a boot is begun. About one in fifty boots under TCG on
// a busy host dies in its first second of an artefact of emulation.
const bootTries = 3

// boot boots a machine with its memory in the given file, or in none.
func (l *Lab) boot(ctx context.Context, spec machineSpec, mem *os.File) (*Machine, error) {
	for try := 1; ; try++ {
		m, err := l.bootTimed(ctx, spec, mem)
		var failed *BootError
		if err == nil || !errors.As(err, &failed) || ctx.Err() != nil || try == bootTries {
			return m, err
		}
		l.notice("kernel %s did not boot, trying again: %v", spec.image.Name, failed.Err)
		if mem != nil {
			if err := clearFile(mem); err != nil {
				return nil, &InfraError{err}
			}
		}
	}
}

func clearFile(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Truncate(st.Size()))
}

func (l *Lab) bootTimed(ctx context.Context, spec machineSpec, mem *os.File) (*Machine, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, spec.accel.Scale(bootLimit),
		fmt.Errorf("not up after %v", spec.accel.Scale(bootLimit)))
	defer cancel()
	return l.bootOnceInto(ctx, spec, mem)
}

func (l *Lab) bootOnce(ctx context.Context, spec machineSpec) (*Machine, error) {
	return l.bootOnceInto(ctx, spec, nil)
}

func (l *Lab) bootOnceInto(ctx context.Context, spec machineSpec, mem *os.File) (*Machine, error) {
	initrd, err := l.initrd(spec)
	if err != nil {
		return nil, err
	}
	defer initrd.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, &InfraError{err}
	}
	defer null.Close()
	ram, memFile := memory{mb: spec.shape.MemoryMB}, null
	if mem != nil {
		ram.path, ram.shared, memFile = inherited(fdMemory), true, mem
	}
	args := arguments(append(spec.devices(l.qemu, ram),
		boot{spec.kernelFile(), inherited(fdState + 1), spec.cmdline()})...)
	p, err := startQEMU(l.qemu.Path, args, spec.accel.Scale(monitorLimit), memFile, null, initrd)
	if err != nil {
		return nil, err
	}
	m := newMachine(p, spec)
	if err := m.awaitReady(ctx); err != nil {
		console := m.Console()
		m.Close()
		return nil, &BootError{spec.image.Name, console, err}
	}
	return m, nil
}

// inherited is the path of a descriptor QEMU was started with.
func inherited(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// initrd makes the initial file system as a file without a name.
func (l *Lab) initrd(spec machineSpec) (*os.File, error) {
	archive, err := initramfs(spec.image)
	if err != nil {
		return nil, &InfraError{fmt.Errorf("make initramfs for %s: %w", spec.image.Name, err)}
	}
	fd, err := unix.MemfdCreate("initramfs", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, &InfraError{fmt.Errorf("make initramfs: %w", err)}
	}
	f := os.NewFile(uintptr(fd), "initramfs")
	if _, err := f.Write(archive); err != nil {
		f.Close()
		return nil, &InfraError{fmt.Errorf("make initramfs: %w", err)}
	}
	return f, nil
}

// memFile makes the file of a machine's memory.
func memFile(dir string, mb int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "mem"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(int64(mb) << 20); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
