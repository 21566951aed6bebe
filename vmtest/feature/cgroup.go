package feature

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoCgroup2 says that no cgroup v2 hierarchy is mounted.
var ErrNoCgroup2 = errors.New("no cgroup v2 hierarchy is mounted")

// Cgroup returns the directory of this process's cgroup v2, wherever that hierarchy
// is mounted, or [ErrNoCgroup2].
func Cgroup() (string, error) {
	mount, err := cgroupMount()
	if err != nil {
		return "", err
	}
	member, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(member)) {
		if dir, ok := strings.CutPrefix(line, "0::"); ok {
			return filepath.Join(mount, strings.TrimSpace(dir)), nil
		}
	}
	return "", ErrNoCgroup2
}

func cgroupMount() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1], nil
		}
	}
	return "", ErrNoCgroup2
}

// haveCgroup2 tells whether there is a hierarchy to work in.
func haveCgroup2() error {
	_, err := Cgroup()
	if !errors.Is(err, ErrNoCgroup2) {
		return err
	}
	if err := fileSystem("cgroup2")(); err != nil {
		return err
	}
	return fmt.Errorf("%w, though the kernel has it\nmount one with: mount -t cgroup2 none /sys/fs/cgroup", ErrNoCgroup2)
}

// inOwnCgroup calls f with the directory of a cgroup made for it.
func inOwnCgroup(f func(dir string) error) (err error) {
	own, err := Cgroup()
	if err != nil {
		return absentIf(err, "no cgroup to try it in", ErrNoCgroup2)
	}
	dir, err := os.MkdirTemp(own, "assay-feature.")
	if err != nil {
		return fmt.Errorf("make cgroup: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(dir)) }()
	return f(dir)
}

// cgroupFile makes a probe for a file that each cgroup but the root has.
func cgroupFile(name string) func() error {
	return func() error {
		return inOwnCgroup(func(dir string) error {
			_, err := os.Stat(filepath.Join(dir, name))
			return absentIf(err, name, os.ErrNotExist)
		})
	}
}
