package place

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// namePrefix marks what outlives a process that is killed. After it come the
// owner's process id and start time, which together never come back while the
// system is up.
const namePrefix = "assay-scenario."

// ownName returns the name of whatever belongs to this process.
func ownName() (string, error) {
	start, err := startTime(os.Getpid())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%d.%s", namePrefix, os.Getpid(), start), nil
}

// abandoned tells whether the owner of name has ended. It is false when in doubt.
func abandoned(name string) bool {
	mark, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return false
	}
	id, start, ok := strings.Cut(mark, ".")
	pid, err := strconv.Atoi(id)
	if !ok || err != nil || pid <= 0 {
		return false
	}
	now, err := startTime(pid)
	if os.IsNotExist(err) {
		return true
	}
	return err == nil && now != start
}

// startTime returns when a process began, in clock ticks since boot: field 22 of
// proc_pid_stat(5).
func startTime(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The second field is the name, in parentheses, and may hold anything.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	const field = 22 - 3 // the third is the first here
	if len(fields) <= field {
		return "", fmt.Errorf("read start time of process %d: unexpected %q", pid, b)
	}
	return string(fields[field]), nil
}
