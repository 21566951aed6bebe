package report

import (
	"bufio"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ThisHost describes the machine this runs on, as far as it can be told; QEMU and
// Accel are the caller's to fill in.
func ThisHost() Host {
	h := Host{CPUs: runtime.NumCPU()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		h.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	h.OS = strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"'`)
	h.CPU = field("/proc/cpuinfo", "model name", ":")
	return h
}

// field returns the value of the first line NAME SEPARATOR VALUE of a file; "" if
// there is none.
func field(path, name, separator string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), separator)
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// String describes the host in one line; "" if nothing is known.
func (h Host) String() string {
	cpu := h.CPU
	if h.CPUs > 0 {
		cpu = strings.TrimSpace(plural(h.CPUs, "CPU") + " " + cpu)
	}
	qemu := h.QEMU
	if qemu != "" {
		qemu = "QEMU " + qemu
	}
	var s []string
	for _, part := range []string{h.OS, h.Kernel, cpu, qemu, strings.ToUpper(h.Accel)} {
		if part != "" {
			s = append(s, oneLine(part))
		}
	}
	return strings.Join(s, ", ")
}
