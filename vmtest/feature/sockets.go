package feature

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func socket(what string, domain, typ, protocol int) func() error {
	return func() error {
		fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return absentIf(fmt.Errorf("make socket: %w", err), "socket of "+what,
				unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT, unix.EINVAL, unix.ENOPROTOOPT)
		}
		return unix.Close(fd)
	}
}

// withSocket makes a probe that tries something on a TCP socket.
func withSocket(try func(fd int) error) func() error {
	return func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("make socket: %w", err)
		}
		return errors.Join(try(fd), unix.Close(fd))
	}
}

// tcpULP makes a probe of an upper layer protocol. It is known if it is refused for
// no reason but that the socket is not connected.
func tcpULP(name string) func() error {
	return withSocket(func(fd int) error {
		err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_ULP, name)
		if errors.Is(err, unix.ENOTCONN) || errors.Is(err, errUnsupported) {
			return nil
		}
		return absentIf(err, "upper layer protocol "+name, unix.ENOENT)
	})
}

func congestionControl(name string) func() error {
	return withSocket(func(fd int) error {
		return absentIf(unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name), "congestion control "+name, unix.ENOENT)
	})
}

// ringFlags looks at the size of what an AF_XDP socket tells of its rings: it grew
// when they got their flags.
func ringFlags() error {
	fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return absentIf(err, "socket of AF_XDP", unix.EAFNOSUPPORT)
	}
	defer unix.Close(fd)
	var offsets unix.XDPMmapOffsets
	size := uint32(unsafe.Sizeof(offsets))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_XDP, unix.XDP_MMAP_OFFSETS,
		uintptr(unsafe.Pointer(&offsets)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return fmt.Errorf("read offsets of rings: %w", e)
	}
	if want := uint32(unsafe.Sizeof(offsets)); size < want {
		return absentf("the offsets of the rings take %d bytes, not %d", size, want)
	}
	return nil
}

func socketList() error {
	_, err := netlink.SocketDiagTCP(unix.AF_INET)
	return absentIf(err, "socket diagnostics", unix.ENOENT, unix.EPROTONOSUPPORT, unix.EINVAL)
}
