package wiring

import (
	"errors"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ethtoolValue is struct ethtool_value.
type ethtoolValue struct{ cmd, data uint32 }

// ifreqData is struct ifreq with a pointer in its union.
type ifreqData struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// offload returns a setting that turns an offload of a card on or off.
func offload(command uint32) func(netlink.Link, string) error {
	return func(l netlink.Link, v string) error {
		value := ethtoolValue{cmd: command}
		switch v {
		case "on":
			value.data = 1
		case "off":
		default:
			return errors.New("want on or off")
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		req := ifreqData{data: unsafe.Pointer(&value)}
		copy(req.name[:unix.IFNAMSIZ-1], l.Attrs().Name)
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
		if e != 0 {
			return e
		}
		return nil
	}
}
