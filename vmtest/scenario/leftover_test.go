package scenario

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// processesIn lists the processes in the cgroups among dirs and below them.
func processesIn(t *testing.T, dirs []string) (pids []int) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.Name() != "cgroup.procs" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, word := range strings.Fields(string(text)) {
				pid, e := strconv.Atoi(word)
				if e != nil {
					return e
				}
				pids = append(pids, pid)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return pids
}

// isZombie tells whether a process has ended and waits for its parent to notice.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z")
}
