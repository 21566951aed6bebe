package main

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// spawn starts a process inside the payload cgroup.
func spawn(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	if payloadFD < 0 {
		return syscall.ForkExec(path, argv, attr)
	}
	attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, payloadFD
	pid, err := syscall.ForkExec(path, argv, attr)
	if err != syscall.ENOSYS && err != syscall.E2BIG && err != syscall.EINVAL {
		return pid, err
	}
	// Before 5.7 clone3 cannot do it: go there, fork, come back. The child is
	// never outside, not even for its first instruction.
	attr.Sys.UseCgroupFD = false
	if err := os.WriteFile(payloadCgroup+"/cgroup.procs", []byte("0"), 0); err != nil {
		return 0, err
	}
	pid, err = syscall.ForkExec(path, argv, attr)
	_ = os.WriteFile("/sys/fs/cgroup/cgroup.procs", []byte("0"), 0)
	return pid, err
}

// lookPath finds the program of a command as execvp would, in the command's own
// PATH and directory.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil // relative to the command's directory: the kernel resolves it after chdir
	}
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	for d := range strings.SplitSeq(path, ":") {
		if d == "" {
			d = "."
		}
		file := d + "/" + name
		full := file
		if !strings.HasPrefix(file, "/") {
			full = dir + "/" + file
		}
		if st, err := os.Stat(full); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &os.PathError{Op: "find in PATH", Path: name, Err: unix.ENOENT}
}
