package cgtest

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Capture hears every frame that leaves an interface: after segmentation, as
// the device gets it.
type Capture struct{ fd int }

// Hear begins to capture at the interface with the given index.
func Hear(tb testing.TB, ifindex int) *Capture {
	tb.Helper()
	all := uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	if err != nil {
		tb.Fatalf("capture: %v", err)
	}
	tb.Cleanup(func() { unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20); err != nil {
		tb.Fatalf("capture: %v", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: ifindex}); err != nil {
		tb.Fatalf("capture: %v", err)
	}
	return &Capture{fd}
}

// TCP returns how many TCP packets have left since the last call, and their
// bytes without link-layer headers. It fails the test when it has missed any.
func (c *Capture) TCP(tb testing.TB) (packets, bytes uint64) {
	tb.Helper()
	header := make([]byte, 40)
	for {
		n, from, err := unix.Recvfrom(c.fd, header, unix.MSG_TRUNC)
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			tb.Fatalf("capture: %v", err)
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); ok && ll.Pkttype == unix.PACKET_OUTGOING && isTCP(header) {
			packets++
			bytes += uint64(n)
		}
	}
	stats, err := unix.GetsockoptTpacketStats(c.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		tb.Fatalf("capture missed %+v frames: %v", stats, err)
	}
	return packets, bytes
}

// isTCP looks at a whole IPv4 or an IPv6 header without extensions.
func isTCP(header []byte) bool {
	return header[0]>>4 == 4 && header[9] == unix.IPPROTO_TCP ||
		header[0]>>4 == 6 && header[6] == unix.IPPROTO_TCP
}

// Offload sets a feature of an interface, such as unix.ETHTOOL_STSO, as
// ethtool -K does.
func Offload(tb testing.TB, name string, feature, value uint32) {
	tb.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer unix.Close(s)
	arg := struct{ cmd, data uint32 }{feature, value}
	req := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&arg)}
	copy(req.name[:], name)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
		tb.Fatalf("set feature %#x of %s: %v", feature, name, errno)
	}
}
