package vmtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fakeBuild makes the files of a frozen machine.
func fakeBuild(built *atomic.Int32) func(dir string) (frozenMeta, error) {
	return func(dir string) (frozenMeta, error) {
		built.Add(1)
		for _, name := range []string{"mem", "state"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("the "+name), 0o644); err != nil {
				return frozenMeta{}, err
			}
		}
		return frozenMeta{}, nil
	}
}

func testStore(t *testing.T) *store {
	t.Helper()
	s, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreBuildsOnce(t *testing.T) {
	s := testStore(t)
	var built atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.get("key", fakeBuild(&built)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := built.Load(); n != 1 {
		t.Errorf("built %d times, want once", n)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the store: %v, %v, want the snapshot alone", left, err)
	}
}

func TestStoreBuildsAgainWhatIsDamaged(t *testing.T) {
	damage := map[string]func(dir string) error{
		"state changed": func(d string) error { return os.WriteFile(d+"/state", []byte("THE state"), 0o644) },
		"state cut":     func(d string) error { return os.Truncate(d+"/state", 3) },
		"state missing": func(d string) error { return os.Remove(d + "/state") },
		"memory written": func(d string) error {
			return os.Chtimes(d+"/mem", time.Now(), time.Now().Add(time.Second))
		},
		"memory cut":  func(d string) error { return os.Truncate(d+"/mem", 1) },
		"meta cut":    func(d string) error { return os.Truncate(d+"/meta.json", 10) },
		"all missing": os.RemoveAll,
	}
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			s := testStore(t)
			var built atomic.Int32
			if _, err := s.get("key", fakeBuild(&built)); err != nil {
				t.Fatal(err)
			}
			if err := do(filepath.Join(s.dir, "key")); err != nil {
				t.Fatal(err)
			}
			f, err := s.get("key", fakeBuild(&built))
			if err != nil || string(f.state) != "the state" || built.Load() != 2 {
				t.Errorf("got %+v, %v after %d builds, want a good one after 2", f, err, built.Load())
			}
		})
	}
}

func TestStoreKeepsNothingOfAFailedBuild(t *testing.T) {
	s := testStore(t)
	broken := errors.New("no such kernel")
	_, err := s.get("key", func(dir string) (frozenMeta, error) {
		_ = os.WriteFile(filepath.Join(dir, "mem"), nil, 0o644)
		return frozenMeta{}, broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if left, _ := os.ReadDir(s.dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestStoreSweepsWhatADeadBuilderLeft(t *testing.T) {
	s := testStore(t)
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"dead", "alive"} {
		dir := filepath.Join(s.dir, building+name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if name == "alive" {
			release, err := flock(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
		}
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.sweep(); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(s.dir, building+"*"))
	if len(left) != 1 || !strings.HasSuffix(left[0], "alive") {
		t.Errorf("left: %v, want the living builder's", left)
	}
}

// A lock left by a process that was killed must not stop the next.
func TestStoreLockDiesWithItsOwner(t *testing.T) {
	s := testStore(t)
	name := filepath.Join(s.dir, "key.lock")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := flockFile(f, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	f.Close() // as the kernel does for a killed process
	var built atomic.Int32
	if _, err := s.get("key", fakeBuild(&built)); err != nil || built.Load() != 1 {
		t.Errorf("got %v after %d builds", err, built.Load())
	}
}
