package main

import (
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// What QEMU's user-mode network gives its first guest, always. (QEMU
// docs/system/devices/net.rst)
var (
	userAddr    = [4]byte{10, 0, 2, 15}
	userMask    = [4]byte{255, 255, 255, 0}
	userGateway = [4]byte{10, 0, 2, 2}
)

const userResolver = "nameserver 10.0.2.3\n"

// joinHostNetwork sets up the card on QEMU's user-mode network, if there is one.
func joinHostNetwork() error {
	const class = "/sys/class/net/"
	cards, err := os.ReadDir(class)
	for _, c := range cards {
		b, _ := os.ReadFile(class + c.Name() + "/address")
		if strings.TrimSpace(string(b)) == wire.UserNetworkMAC {
			return joinBy(c.Name())
		}
	}
	return err
}

func joinBy(card string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(card)
	if err != nil {
		return err
	}
	for _, set := range []struct {
		request uint
		addr    [4]byte
	}{{unix.SIOCSIFADDR, userAddr}, {unix.SIOCSIFNETMASK, userMask}} {
		if err := ifr.SetInet4Addr(set.addr[:]); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, set.request, ifr); err != nil {
			return err
		}
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return err
	}
	if err := addDefaultRoute(fd, userGateway); err != nil {
		return err
	}
	return os.WriteFile("/etc/resolv.conf", []byte(userResolver), 0o644)
}

// sockaddr is struct sockaddr_in of linux/in.h.
type sockaddr struct {
	family, port uint16
	addr         [4]byte
	_            [8]byte
}

// rtentry is struct rtentry of linux/route.h.
type rtentry struct {
	_                  uint64
	dst, gateway, mask sockaddr
	flags              uint16
	_                  [30]byte
	dev                uint64
	_                  [24]byte
}

// Flags of linux/route.h.
const (
	routeUp      = 1
	routeGateway = 2
)

func addDefaultRoute(fd int, gateway [4]byte) error {
	r := rtentry{
		dst:     sockaddr{family: unix.AF_INET},
		gateway: sockaddr{family: unix.AF_INET, addr: gateway},
		mask:    sockaddr{family: unix.AF_INET},
		flags:   routeUp | routeGateway,
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCADDRT, uintptr(unsafe.Pointer(&r))); e != 0 {
		return os.NewSyscallError("add default route", e)
	}
	return nil
}
