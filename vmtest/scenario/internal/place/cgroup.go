package place

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/feature"
)

// AddCgroup makes a cgroup inside the scenario's own.
func (w *World) AddCgroup(name string) error {
	dir, err := w.CgroupDir(name)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("make cgroup %s: its parent %s is not there: make that first", name, path.Dir(name))
		}
		return fmt.Errorf("make cgroup %s: %w", name, errors.Unwrap(err))
	}
	return nil
}

// RemoveCgroup removes a cgroup inside the scenario's own. A process that the
// kernel has not quite done with keeps it busy for a moment after its end, so it
// is tried for up to a second.
func (w *World) RemoveCgroup(name string) error {
	dir, err := w.CgroupDir(name)
	if err != nil {
		return err
	}
	if name == w.at.cgroup {
		return fmt.Errorf("remove cgroup %s: the scenario is in it: leave it with in", name)
	}
	err = removeCgroup(dir)
	if errors.Is(err, unix.EBUSY) {
		procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		return fmt.Errorf("remove cgroup %s: %w: processes %q, and cgroups inside, keep it",
			name, err, strings.Fields(string(procs)))
	}
	if err != nil {
		return fmt.Errorf("remove cgroup %s: %w", name, err)
	}
	return nil
}

// CgroupDir returns the directory of a cgroup of the scenario; "" is its own.
func (w *World) CgroupDir(name string) (string, error) {
	if w.cgroup == "" {
		return "", feature.ErrNoCgroup2
	}
	if name != "" && !filepath.IsLocal(name) {
		return "", fmt.Errorf("cgroup %q: want a name such as a or a/b", name)
	}
	return filepath.Join(w.cgroup, name), nil
}

// enterCgroup moves the process, all its threads, into a cgroup.
func enterCgroup(dir string) error {
	err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0)
	if err != nil {
		return fmt.Errorf("enter cgroup %s: %w", filepath.Base(dir), errors.Unwrap(err))
	}
	return nil
}

func removeCgroup(dir string) error {
	deadline := time.Now().Add(time.Second)
	for {
		err := unix.Rmdir(dir)
		if err != unix.EBUSY || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// removeCgroupTree ends what runs in a cgroup and removes it with those inside.
func removeCgroupTree(dir string) error {
	var errs []error
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() {
			errs = append(errs, removeCgroupTree(filepath.Join(dir, e.Name())))
		}
	}
	killAll(dir)
	if err := removeCgroup(dir); err != nil && err != unix.ENOENT {
		errs = append(errs, fmt.Errorf("remove cgroup %s: %w", dir, err))
	}
	return errors.Join(errs...)
}

// killAll ends the processes in a cgroup. cgroup.kill would do it at once, but is
// of 5.14 only.
func killAll(dir string) {
	f, err := os.Open(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if pid, err := strconv.Atoi(s.Text()); err == nil && pid > 0 && pid != os.Getpid() {
			_ = unix.Kill(pid, unix.SIGKILL) // it may just have ended
		}
	}
}
