package main

import (
	"os"

	"golang.org/x/sys/unix"
)

type mount struct {
	fstype, dir, options string
	flags                uintptr
	required             bool // no lab without it
}

const secure = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mounts are what a test finds on a distribution, in order.
var mounts = []mount{
	{"proc", "/proc", "", secure, true},
	{"sysfs", "/sys", "", secure, true},
	{"devtmpfs", "/dev", "mode=0755", unix.MS_NOSUID, true},
	{"devpts", "/dev/pts", "mode=620,ptmxmode=666,gid=5", unix.MS_NOSUID | unix.MS_NOEXEC, false},
	{"tmpfs", "/dev/shm", "mode=1777", unix.MS_NOSUID | unix.MS_NODEV, true},
	{"mqueue", "/dev/mqueue", "", secure, false},
	{"tmpfs", "/run", "mode=0755", unix.MS_NOSUID | unix.MS_NODEV, true},
	{"cgroup2", "/sys/fs/cgroup", "", secure, false},
	{"bpf", "/sys/fs/bpf", "mode=0700", secure, false},
	{"tracefs", "/sys/kernel/tracing", "", secure, false},
	{"debugfs", "/sys/kernel/debug", "", secure, false},
	{"securityfs", "/sys/kernel/security", "", secure, false},
	{"configfs", "/sys/kernel/config", "", secure, false},
}

func mountAll(warn func(string, error)) {
	for _, m := range mounts {
		err := mountOne(m)
		if m.required {
			die("mount "+m.dir, err)
		} else if err != unix.ENODEV && !os.IsNotExist(err) { // not in this kernel: nothing a user could mend
			warn("mount "+m.dir, err)
		}
	}
	for _, l := range [][2]string{
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	} {
		if err := os.Symlink(l[0], l[1]); err != nil && !os.IsExist(err) {
			warn("link "+l[1], err)
		}
	}
}

func mountOne(m mount) error {
	// In sysfs a directory cannot be made: without it the kernel lacks the file
	// system, and that is the answer.
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		if _, missing := os.Stat(m.dir); missing != nil {
			return missing
		}
	}
	err := unix.Mount(m.fstype, m.dir, m.fstype, m.flags, m.options)
	if err == unix.EBUSY {
		return nil // devtmpfs, mounted by the kernel
	}
	return err
}

// etc holds the few files that C libraries and Go's resolver look for.
var etc = []struct{ name, text string }{
	{"passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
	{"group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"},
	{"hosts", "127.0.0.1\tlocalhost assay\n::1\tlocalhost ip6-localhost\n"},
	{"hostname", "assay\n"},
	{"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n"},
	{"protocols", "ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\nipv6-icmp\t58\tIPv6-ICMP\nsctp\t132\tSCTP\n"},
	{"services", "http\t80/tcp\nhttps\t443/tcp\ndomain\t53/tcp\ndomain\t53/udp\n"},
	{"os-release", "ID=assay\nNAME=Assay\nPRETTY_NAME=\"Assay lab VM\"\n"},
}

func writeEtc(warn func(string, error)) {
	for _, d := range []string{"/etc", "/bin", "/usr/bin", "/usr/sbin", "/var/tmp", "/var/run", "/root", "/home"} {
		warn("make "+d, os.MkdirAll(d, 0o755))
	}
	warn("make /tmp", os.MkdirAll("/tmp", 0o1777))
	warn("open /tmp to all", os.Chmod("/tmp", 0o777|os.ModeSticky))
	for _, f := range etc {
		warn("write /etc/"+f.name, os.WriteFile("/etc/"+f.name, []byte(f.text), 0o644))
	}
	// The kernel's own mount table: what old libraries still look for.
	warn("link /etc/mtab", os.Symlink("/proc/self/mounts", "/etc/mtab"))
}
