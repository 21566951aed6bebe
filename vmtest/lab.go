package vmtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/assay-lab/assay/kernels"
)

// A Config says how a lab works. The zero value is what most people want.
type Config struct {
	// CacheDir is where snapshots are kept; "" is $ASSAY_CACHE, else the
	// directory "assay" in the user's cache directory.
	CacheDir string
	// QEMU is the program; "" is $ASSAY_QEMU, else qemu-system-x86_64.
	QEMU string
	// Accel is the accelerator; "" is $ASSAY_ACCEL, else whichever is found
	// to work by trying.
	Accel Accel
	// Fresh boots every machine instead of cloning a frozen one.
	Fresh bool
	// Notice is told, a line each, what a user should know and no result
	// says: that something is built, or slower than it should be. It may be
	// called from several goroutines at once. nil discards.
	Notice func(line string)
}

// A Lab makes machines. Its methods are safe for concurrent use, also by several
// processes with the same cache.
type Lab struct {
	cfg   Config
	qemu  *qemuBinary
	store *store

	mu     sync.Mutex
	accels map[string]Accel // decided, by kernel digest
}

// An InfraError is the lab's own trouble: it says nothing about the guest.
type InfraError struct{ Err error }

// Error implements error.
func (e *InfraError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InfraError) Unwrap() error { return e.Err }

// ExitCode is 3: the lab could not run.
func (e *InfraError) ExitCode() int { return 3 }

// Open prepares a lab. It starts nothing.
func Open(cfg Config) (*Lab, error) {
	if cfg.CacheDir == "" {
		dir, err := DefaultCacheDir()
		if err != nil {
			return nil, &InfraError{err}
		}
		cfg.CacheDir = dir
	}
	if cfg.Accel == "" {
		a, err := ParseAccel(os.Getenv("ASSAY_ACCEL"))
		if err != nil {
			return nil, err
		}
		cfg.Accel = a
	}
	if cfg.Notice == nil {
		cfg.Notice = func(string) {}
	}
	q, err := findQEMU(cfg.QEMU)
	if err != nil {
		return nil, &InfraError{err}
	}
	s, err := openStore(filepath.Join(cfg.CacheDir, "snapshots"))
	if err != nil {
		return nil, &InfraError{err}
	}
	return &Lab{cfg: cfg, qemu: q, store: s, accels: map[string]Accel{}}, nil
}

// DefaultCacheDir is where a lab keeps what it can make again: $ASSAY_CACHE, else
// the directory "assay" in the user's cache directory.
func DefaultCacheDir() (string, error) {
	if dir := os.Getenv("ASSAY_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache directory: %w\nset ASSAY_CACHE to a directory of your own", err)
	}
	return filepath.Join(dir, "assay"), nil
}

// QEMU returns the version of the emulator, as it prints it.
func (l *Lab) QEMU() string { return l.qemu.Version }

// Accel returns what will execute this kernel's code on this host. The first time
// it may have to try, for some seconds.
func (l *Lab) Accel(ctx context.Context, image *kernels.Image) (Accel, error) {
	return l.accelFor(ctx, image)
}

func (l *Lab) notice(format string, args ...any) {
	l.cfg.Notice(fmt.Sprintf(format, args...))
}

// findQEMU finds the emulator and learns its version and machine type.
func findQEMU(name string) (*qemuBinary, error) {
	if name == "" {
		name = os.Getenv("ASSAY_QEMU")
	}
	if name == "" {
		name = "qemu-system-x86_64"
	}
	path, err := exec.LookPath(name)
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("find %s: not installed\nrun 'scripts/setup', or install the package qemu-system-x86 (Debian, Ubuntu), qemu-system-x86-core (Fedora), or set ASSAY_QEMU", name)
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w\nset ASSAY_QEMU to a program that can be run", name, err)
	}
	return inspectQEMU(path)
}

// limits are how long the lab waits for its own steps, for a machine whose CPUs
// run at the host's speed. Scale stretches them.
const (
	bootLimit    = 20 * time.Second
	wakeLimit    = 5 * time.Second
	monitorLimit = 10 * time.Second
	stacksLimit  = 3 * time.Second
)

// Scale stretches a time limit made for a real machine to what the accelerator
// needs for the same work on a busy host.
func (a Accel) Scale(d time.Duration) time.Duration {
	if a == TCG {
		return 4 * d
	}
	return d
}
