package cgroup

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A program attached [ByProgram] outlives its process, and the kernel does not
// say whose it was. So its name does: a prefix of up to four letters, then the
// owner's process id and start time, which together never come back while the
// system is up, in base 36 with five digits each. The kernel would keep 15
// characters; but for a name of 15 the library takes that of the C function.
const ownerDigits = 5

// initPIDNamespace is the inode of the initial pid namespace, PROC_PID_INIT_INO.
const initPIDNamespace = 0xEFFFFFFC

// OwnedName returns prefix with this process's mark, a name for a program that
// [Sweep] will remove once this process has ended. From within a pid namespace,
// where the process id says nothing to others, the mark is that of nobody, which
// Sweep leaves alone.
func OwnedName(prefix string) string {
	pid := os.Getpid()
	start, err := startTime(pid)
	if err != nil || !inInitPIDNamespace() {
		pid, start = 0, 0
	}
	return prefix + base36(uint64(pid)) + base36(start)
}

// abandoned tells whether name is prefix with the mark of a process that has
// ended. It is false when in doubt.
func abandoned(name, prefix string) bool {
	mark, ok := strings.CutPrefix(name, prefix)
	if !ok || len(mark) != 2*ownerDigits {
		return false
	}
	pid, err := strconv.ParseUint(mark[:ownerDigits], 36, 31)
	if err != nil || pid == 0 || !inInitPIDNamespace() {
		return false
	}
	start, err := startTime(int(pid))
	if os.IsNotExist(err) {
		return true
	}
	return err == nil && base36(start) != mark[ownerDigits:]
}

func base36(n uint64) string {
	const limit = 36 * 36 * 36 * 36 * 36
	s := strconv.FormatUint(n%limit, 36)
	return strings.Repeat("0", ownerDigits-len(s)) + s
}

// startTime returns when a process began, in clock ticks since boot, field 22
// of proc_pid_stat(5).
func startTime(pid int) (uint64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the command in parentheses, and may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return 0, fmt.Errorf("parse /proc/%d/stat: %d fields", pid, len(fields))
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

func inInitPIDNamespace() bool {
	var st unix.Stat_t
	return unix.Stat("/proc/self/ns/pid", &st) == nil && st.Ino == initPIDNamespace
}
