package main

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// die reports why the machine cannot go on and powers it off: the host sees the
// end of the control port and finds the reason on the console.
func die(act string, err error) {
	if err == nil {
		return
	}
	println("agent: " + act + ": " + err.Error())
	time.Sleep(100 * time.Millisecond) // the serial port needs it to drain
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// runtimeSettings spare every clone some work of Go's runtime: the limits of the
// agent's cgroup do not change, and none of its loops needs a signal to be interrupted.
const runtimeSettings = "GODEBUG=asyncpreemptoff=1,updatemaxprocs=0,containermaxprocs=0"

// switchRoot leaves the initramfs, whose root cannot be pivoted away from and
// has no limit, for a tmpfs, and starts this program again from there.
func switchRoot() error {
	const root = "/newroot"
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "mode=0755,size=80%"); err != nil {
		return err
	}
	for _, dir := range []string{"sbin", "lib"} {
		if err := moveTree("/"+dir, root+"/"+dir); err != nil {
			return err
		}
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.Mount(root, "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	if err := unix.Chroot("."); err != nil {
		return err
	}
	return unix.Exec("/sbin/init", []string{"init", stage2}, []string{runtimeSettings})
}

// moveTree copies a directory and removes each file once copied, so that the
// archive is never twice in memory.
func moveTree(from, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		src, dst := from+"/"+e.Name(), to+"/"+e.Name()
		if e.IsDir() {
			err = moveTree(src, dst)
		} else {
			err = moveFile(src, dst)
		}
		if err != nil {
			return err
		}
	}
	return os.Remove(from)
}

func moveFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		return err
	}
	return os.Remove(from)
}

// prepare makes the machine what a test expects of a booted system and returns
// what this kernel did not give.
func prepare() (warnings []string) {
	warn := func(act string, err error) {
		if err != nil {
			warnings = append(warnings, act+": "+err.Error())
		}
	}
	mountAll(warn)
	writeEtc(warn)
	loadModules(warn)
	tune(warn)
	limitPayload(warn)
	warn("loopback up", loopbackUp())
	warn("join the host's network", joinHostNetwork())
	return warnings
}

func readyBody(warnings []string) wire.ReadyBody {
	var u unix.Utsname
	_ = unix.Uname(&u)
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return wire.ReadyBody{
		Release:  unix.ByteSliceToString(u.Release[:]),
		UptimeNs: ts.Nano(),
		Warnings: warnings,
	}
}

// sysctls are set where the kernel has them.
var sysctls = []struct{ path, value string }{
	{"kernel/modprobe", "/sbin/modprobe"},
	{"kernel/panic", "-1"},
	{"kernel/unknown_nmi_panic", "1"}, // the host's last question to a machine that does not answer
	{"net/core/bpf_jit_enable", "1"},  // off by default on 4.19
	{"kernel/watchdog_thresh", "60"},  // a starved host must not look like a lockup of the guest
	{"kernel/printk_devkmsg", "on"},
	{"kernel/core_pattern", "core"},
}

func tune(warn func(string, error)) {
	for _, s := range sysctls {
		err := os.WriteFile("/proc/sys/"+s.path, []byte(s.value+"\n"), 0) // printk_devkmsg wants the newline
		if err != nil && !os.IsNotExist(err) {
			warn("sysctl "+strings.ReplaceAll(s.path, "/", "."), err)
		}
	}
	warn("host name", unix.Sethostname([]byte("assay")))
	// As much as a service manager gives; the memlock limit decides on kernels
	// before 5.11 whether a BPF map can be made at all.
	warn("raise memlock limit", unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 8 << 20, Max: unix.RLIM_INFINITY}))
	warn("raise file limit", unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1024, Max: 524288}))
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}
