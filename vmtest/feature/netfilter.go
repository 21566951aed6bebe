package feature

import (
	"fmt"
	"os/exec"
	"unsafe"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// netfilterSubsystem makes a probe that sends a request, one that only asks, to a
// part of netfilter; the kernel loads it if it is a module.
func netfilterSubsystem(what string, subsystem, ask int) func() error {
	return func() error {
		return apart(unix.CLONE_NEWNET, func() error {
			r := nl.NewNetlinkRequest(subsystem<<8|ask, unix.NLM_F_DUMP)
			if subsystem == unix.NFNL_SUBSYS_NFTABLES {
				r.Flags = unix.NLM_F_REQUEST // there is one generation, not a list
			}
			r.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
			_, err := r.Execute(unix.NETLINK_NETFILTER, 0)
			return absentIf(err, what, unix.EINVAL, unix.EPROTONOSUPPORT)
		})
	}
}

// iptablesRedirect asks for the NAT table and the target REDIRECT. The module they
// hang off is loaded by the program iptables, so we load it as that does.
func iptablesRedirect() error {
	for _, module := range []string{"ip_tables", "iptable_nat", "xt_REDIRECT"} {
		_ = exec.Command("/sbin/modprobe", "-q", "--", module).Run() // may be built in
	}
	return apart(unix.CLONE_NEWNET, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return fmt.Errorf("make socket: %w", err)
		}
		defer unix.Close(fd)
		var table struct { // struct ipt_getinfo
			name [32]byte
			_    [52]byte
		}
		copy(table.name[:], "nat")
		if e := getsockopt(fd, iptGetInfo, unsafe.Pointer(&table), unsafe.Sizeof(table)); e != 0 {
			return absentIf(fmt.Errorf("ask for the nat table: %w", e), "table nat of iptables", unix.ENOENT, unix.ENOPROTOOPT)
		}
		var target struct { // struct xt_get_revision
			name     [29]byte
			revision uint8
		}
		copy(target.name[:], "REDIRECT")
		if e := getsockopt(fd, iptGetTargetRevision, unsafe.Pointer(&target), unsafe.Sizeof(target)); e != 0 {
			return absentIf(fmt.Errorf("ask for the target REDIRECT: %w", e), "target REDIRECT of iptables", unix.ENOENT, unix.EPROTONOSUPPORT)
		}
		return nil
	})
}

// Options of ip_tables.h.
const (
	iptGetInfo           = 64 // IPT_SO_GET_INFO
	iptGetTargetRevision = 67 // IPT_SO_GET_REVISION_TARGET
)

func getsockopt(fd, option int, data unsafe.Pointer, size uintptr) unix.Errno {
	length := uint32(size)
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_IP, uintptr(option), uintptr(data), uintptr(unsafe.Pointer(&length)), 0)
	return e
}
