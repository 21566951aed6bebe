package whole

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the test binary be another process, which holds a lock or a
// stage until its standard input ends.
func TestMain(m *testing.M) {
	switch what := os.Getenv("WHOLE_TEST_HOLD"); what {
	case "":
		os.Exit(m.Run())
	case "lock":
		l, holder, err := TryLock(os.Getenv("WHOLE_TEST_PATH"))
		if l == nil {
			fmt.Println("no lock:", holder, err)
			os.Exit(1)
		}
	case "stage":
		if _, err := NewStage(os.Getenv("WHOLE_TEST_PATH"), "other"); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("held")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// hold starts another process that holds something, and returns it and a way
// to kill it.
func hold(t *testing.T, what, path string) (pid int, kill func()) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "WHOLE_TEST_HOLD="+what, "WHOLE_TEST_PATH="+path)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, err := out.Read(b); err != nil || string(b[:n]) != "held\n" {
		t.Fatalf("other process says %q, %v", b[:n], err)
	}
	var killed bool
	kill = func() {
		if !killed {
			killed = true
			_ = c.Process.Kill()
			_ = c.Wait()
			in.Close()
		}
	}
	t.Cleanup(kill)
	return c.Process.Pid, kill
}

func TestStageCommit(t *testing.T) {
	parent := t.TempDir()
	s, err := NewStage(parent, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "f"), []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(parent); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir); err != nil {
		t.Fatalf("a stage in use was swept: %v", err)
	}
	dst := filepath.Join(parent, "dst")
	if err := s.Commit(dst); err != nil {
		t.Fatal(err)
	}
	if err := s.Abort(); err != nil {
		t.Errorf("abort after commit: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dst, "f")); err != nil || string(b) != "data" {
		t.Errorf("committed file holds %q, %v; want data", b, err)
	}
	if left := entries(t, parent); len(left) != 1 {
		t.Errorf("%v are left, want only dst", left)
	}
}

func TestStageAbort(t *testing.T) {
	parent := t.TempDir()
	s, err := NewStage(parent, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Abort(); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, parent); len(left) != 0 {
		t.Errorf("%v are left, want nothing", left)
	}
}

func TestSweepDead(t *testing.T) {
	parent := t.TempDir()
	_, kill := hold(t, "stage", parent)
	if err := Sweep(parent); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, parent); len(got) != 1 {
		t.Fatalf("entries are %v while the builder lives, want its stage", got)
	}
	kill()
	if err := Sweep(parent); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, parent); len(got) != 0 {
		t.Errorf("entries are %v after the builder died, want none", got)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestLockWaits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "l.lock")
	pid, kill := hold(t, "lock", name)

	l, holder, err := TryLock(name)
	if l != nil || err != nil {
		t.Fatalf("TryLock = %v, %v; want to find it taken", l, err)
	}
	if want := fmt.Sprint(pid); holder != want {
		t.Errorf("holder is %q, want %q", holder, want)
	}
	l, err = Acquire(t.Context(), name, func(holder string) {
		if want := fmt.Sprint(pid); holder != want {
			t.Errorf("told to wait for %q, want %q", holder, want)
		}
		kill() // only now can the lock be had
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("lock file: %v, want it gone", err)
	}
}

func TestLockCancelled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "l.lock")
	hold(t, "lock", name)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Acquire(ctx, name, func(string) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
}

// Whoever holds a lock, others must not, even though its file is removed each
// time.
func TestLockExcludes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "l.lock")
	var holders, counter atomic.Int32
	done := make(chan error)
	const workers, rounds = 4, 25
	for range workers {
		go func() {
			for range rounds {
				var l *Lock
				for l == nil {
					var err error
					if l, _, err = TryLock(name); err != nil {
						done <- err
						return
					}
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				counter.Add(1)
				holders.Add(-1)
				if err := l.Release(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := counter.Load(); n != workers*rounds {
		t.Errorf("the lock was held %d times, want %d", n, workers*rounds)
	}
}

func TestRemove(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "d")
	if err := os.MkdirAll(filepath.Join(dir, "e"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, parent); len(left) != 0 {
		t.Errorf("%v are left, want nothing", left)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, want := range []string{"one", "two"} {
		if err := WriteFile(name, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("file holds %q, %v; want %q", got, err, want)
		}
	}
	if got := entries(t, dir); len(got) != 1 {
		t.Errorf("entries are %v, want only f", got)
	}
	if err := WriteFile(filepath.Join(dir, "no", "f"), nil); err == nil || !strings.Contains(err.Error(), "no such") {
		t.Errorf("error %v, want one about the missing directory", err)
	}
}

func TestSweepOld(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Minute} {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(p, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if err := SweepOld(dir, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); len(got) != 1 || got[0] != "new" {
		t.Errorf("entries are %v, want [new]", got)
	}
}
