// Package cgtest gives tests cgroups and a network namespace of their own, and
// the kernel's interface counters to compare with.
//
// Everything needs root and a mounted cgroup v2 hierarchy; where they are
// missing the test is skipped and says so. Tests that use it must not run in
// parallel: the whole process moves when it enters a cgroup.
package cgtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// patience is how long to wait for what the kernel does soon.
const patience = 10 * time.Second

// prefix and the owner's pid begin the name of every test's cgroup.
const prefix = "assay-test-"

// Root returns the cgroup v2 mount point, after removing what killed tests left
// behind there. It skips the test without root or cgroup v2.
func Root(tb testing.TB) string {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Skip("needs root")
	}
	mounts, err := cgroup.Mounts()
	if err != nil {
		tb.Skip(err)
	}
	leftovers, _ := filepath.Glob(filepath.Join(mounts[0], prefix+"*"))
	for _, dir := range leftovers {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			remove(dir)
		}
	}
	return mounts[0]
}

// New makes a cgroup for the test and removes it with its descendants in the
// end.
func New(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(Root(tb), fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		Eventually(tb, "remove "+dir, func() error { return remove(dir) })
	})
	return dir
}

// Child makes a cgroup below parent.
func Child(tb testing.TB, parent, name string) string {
	tb.Helper()
	dir := filepath.Join(parent, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Remove removes a cgroup, as soon as its processes have ended.
func Remove(tb testing.TB, dir string) {
	tb.Helper()
	Eventually(tb, "remove "+dir, func() error { return os.Remove(dir) })
}

// In runs f while the process is in the cgroup dir: the sockets that f makes
// belong to it.
func In(tb testing.TB, dir string, f func()) {
	tb.Helper()
	home := current(tb)
	enter(tb, dir)
	defer enter(tb, home)
	f()
}

// Eventually tries f until it succeeds, and fails the test when it does not.
func Eventually(tb testing.TB, what string, f func() error) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: %v", what, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func enter(tb testing.TB, dir string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
		tb.Fatal(err)
	}
}

func current(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join(Root(tb), name)
		}
	}
	tb.Fatalf("no cgroup v2 in /proc/self/cgroup: %s", b)
	return ""
}

// remove removes a cgroup and its descendants, deepest first.
func remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(err, os.Remove(dir))
}
