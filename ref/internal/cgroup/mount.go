package cgroup

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Mounts returns the directories where a cgroup v2 hierarchy is mounted in
// this mount namespace, in mount order. On a hybrid system that is usually
// /sys/fs/cgroup/unified, on a unified one /sys/fs/cgroup. It returns
// [ErrNoCgroup2] when there is none.
func Mounts() ([]string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	defer f.Close()
	mounts, err := parseMounts(f)
	if err != nil {
		return nil, fmt.Errorf("list mounts: %w", err)
	}
	if len(mounts) == 0 {
		return nil, fmt.Errorf("%w\nmount one with: mount -t cgroup2 none /sys/fs/cgroup", ErrNoCgroup2)
	}
	return mounts, nil
}

// parseMounts picks the cgroup2 mount points out of proc_pid_mountinfo(5).
func parseMounts(r io.Reader) ([]string, error) {
	var mounts []string
	s := bufio.NewScanner(r)
	for s.Scan() {
		// 36 35 0:26 /root /mount/point rw,… optional… - cgroup2 none rw
		before, after, ok := strings.Cut(s.Text(), " - ")
		if !ok || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		if fields := strings.Fields(before); len(fields) >= 5 {
			mounts = append(mounts, unescape(fields[4]))
		}
	}
	return mounts, s.Err()
}

// unescape undoes the octal escapes of mountinfo: space, tab, newline and
// backslash.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// mountOf returns the longest of mounts that path lies in.
func mountOf(mounts []string, path string) (string, bool) {
	best, found := "", false
	for _, m := range mounts {
		if rel, err := filepath.Rel(m, path); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			continue
		}
		if len(m) >= len(best) {
			best, found = m, true
		}
	}
	return best, found
}
