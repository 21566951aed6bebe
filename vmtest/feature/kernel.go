package feature

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// What of the kernel is not BPF, or not of its programs. What is older than the
// history in git is said to be of 2.6.12.
var kernel = []Feature{
	{"9p", "file system of a host, or of a test", "2.6.14", "", fileSystem("9p")},
	{"bpf_lsm_active", "BPF among the active security modules", "5.7", "fc611f47f218", securityModule("bpf")},
	{"bpf_stats", "run time statistics of programs", "5.8", "d46edd671a14", bpf("BPF_ENABLE_STATS", enableStats, unix.EINVAL)},
	{"bpf_token", "BPF for the unprivileged, by token", "6.9", "35f96de04127", haveToken},
	{"bpffs", "file system to pin BPF objects in", "4.4", "b2197755b263", fileSystem("bpf")},
	{"btf_modules", "type information of modules", "5.11", "36e68442d1af", haveModuleBTF},
	{"btf_vmlinux", "the kernel's own type information", "5.4", "341dfcf8d78e", file("/sys/kernel/btf/vmlinux")},
	{"cgroup2", "the unified hierarchy of cgroups", "4.5", "67e9c74b8a87", haveCgroup2},
	{"cgroup_freezer", "stopping a cgroup", "5.2", "76f969e8948d", cgroupFile("cgroup.freeze")},
	{"cgroup_kill", "killing a cgroup", "5.14", "661ee6280931", cgroupFile("cgroup.kill")},
	{"cgroup_pressure", "stall information by cgroup", "4.20", "2ce7135adc9a", cgroupFile("memory.pressure")},
	{"cpu_hotplug", "taking CPUs off line", "2.6.12", "", file("/sys/devices/system/cpu/hotplug/states")},
	{"ftrace", "tracer of kernel functions", "2.6.27", "", inMount("tracefs", "available_filter_functions")},
	{"inet_sock_set_state", "tracepoint on the states of TCP connections", "4.16", "563e0bb0dc74", inMount("tracefs", "events/sock/inet_sock_set_state")},
	{"jit", "programs translated to machine code", "3.16", "622582786c9e", jitted},
	{"memcg_accounting", "BPF objects are charged to the cgroup, not to RLIMIT_MEMLOCK", "5.11", "", makeMapUnlocked},
	{"overlay", "file system of layers", "3.18", "", fileSystem("overlay")},
	{"perf_hardware", "the processor's counters of cycles and instructions", "2.6.31", "", countCycles},
	{"psi", "stall information", "4.20", "eb414681d5a0", readable("/proc/pressure/memory")},
	{"sched_ext", "schedulers in BPF", "6.12", "f0e1a0643a59", file("/sys/kernel/sched_ext")},
}

// readable makes a probe for a file that is there, but cannot be read when what it
// tells of is turned off.
func readable(path string) func() error {
	return func() error {
		_, err := os.ReadFile(path)
		return absentIf(err, path, os.ErrNotExist, unix.EOPNOTSUPP)
	}
}

func enableStats() error {
	closer, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		return err
	}
	return closer.Close()
}

// haveToken asks for a token of no file system: a kernel that has tokens says that
// the descriptor is bad, others that the command is.
func haveToken() error {
	const tokenCreate = 36 // BPF_TOKEN_CREATE
	attr := struct{ flags, bpffs uint32 }{bpffs: ^uint32(0)}
	_, _, e := unix.Syscall(unix.SYS_BPF, tokenCreate, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	switch e {
	case unix.EBADF:
		return nil
	case 0:
		return errors.New("create token: it was created for no file system")
	}
	return absentIf(fmt.Errorf("create token: %w", e), "command BPF_TOKEN_CREATE", unix.EINVAL)
}

func securityModule(name string) func() error {
	return func() error {
		return mounted("securityfs", func() error {
			b, err := os.ReadFile("/sys/kernel/lsm")
			if err != nil {
				return absentIf(err, "/sys/kernel/security/lsm", os.ErrNotExist)
			}
			active := strings.TrimSpace(string(b))
			for module := range strings.SplitSeq(active, ",") {
				if module == name {
					return nil
				}
			}
			return absentf("active are %s", active)
		})
	}
}

// haveModuleBTF looks for that of any module that is loaded.
func haveModuleBTF() error {
	const dir = "/sys/kernel/btf"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return absentIf(err, dir, os.ErrNotExist)
	}
	if len(entries) > 1 { // vmlinux is one
		return nil
	}
	loaded, err := filepath.Glob("/sys/module/*/initstate")
	if err != nil {
		return err
	}
	if len(loaded) == 0 {
		return errors.New("no module is loaded to tell by\nload one with modprobe")
	}
	return absentf("%s has nothing of the %d modules that are loaded", dir, len(loaded))
}

// jitted tells whether programs are translated. The setting itself is to be seen in
// the first network namespace only.
var jitted = with("translated program", ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: returns(0)}, func(p *ebpf.Program) error {
	info, err := p.Info()
	if err != nil {
		return err
	}
	size, err := info.JitedSize()
	if err == nil && size == 0 {
		return absentf("programs are interpreted\nsee net.core.bpf_jit_enable")
	}
	return err
})

// makeMapUnlocked makes a map in a process that may not lock memory.
func makeMapUnlocked() error {
	memlock.Lock()
	defer memlock.Unlock()
	var before unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 0, Max: unix.RLIM_INFINITY}, &before); err != nil {
		return fmt.Errorf("set memlock limit: %w", err)
	}
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 1 << 16, MaxEntries: 4})
	if back := unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &before, nil); back != nil {
		return fmt.Errorf("restore memlock limit: %w", back)
	}
	if err != nil {
		return absentIf(err, "map without locked memory", unix.EPERM)
	}
	return m.Close()
}

func countCycles() error {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_CPU_CYCLES, Bits: unix.PerfBitDisabled}
	attr.Size = uint32(unsafe.Sizeof(attr))
	const self, anyCPU, noGroup = 0, -1, -1
	fd, err := unix.PerfEventOpen(&attr, self, anyCPU, noGroup, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return absentIf(fmt.Errorf("open counter of cycles: %w", err), "counter of cycles", unix.ENOENT, unix.EOPNOTSUPP, unix.ENODEV)
	}
	return unix.Close(fd)
}
