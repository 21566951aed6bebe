package account_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestSizeWithoutSegments: a virtual NIC may state the size of segments and
// leave their number zero, as every cloud guest with receive offload gets them.
// The test plays the peer of a TCP connection behind such a NIC.
func TestSizeWithoutSegments(t *testing.T) {
	m := load(t, account.Options{})
	if !m.Mode().Segments {
		t.Skip(m.Mode().Reason)
	}
	dir := cgtest.New(t)
	cgtest.Netns(t)
	tun := openTun(t)
	c := attach(t, m, dir)
	fd := dialTun(t, dir)

	syn := tun.readTCP(t)
	tun.writeTCP(t, segment{port: syn.port, ack: syn.seq + 1, flags: tcpSYN | tcpACK}, 0)
	tun.readTCP(t) // the ACK: the connection is there
	const size, total = 1000, 4500
	tun.writeTCP(t, segment{port: syn.port, seq: 1, ack: syn.seq + 1, flags: tcpACK | tcpPSH, data: make([]byte, total)}, size)

	buf := make([]byte, total)
	cgtest.Eventually(t, "receive", func() error {
		n, _, err := unix.Recvfrom(fd, buf, unix.MSG_PEEK)
		if err == nil && n < total {
			err = fmt.Errorf("%d of %d bytes", n, total)
		}
		return err
	})
	const headers = 20 + 20
	want := account.Tally{
		Packets: 1 + 1, Bytes: headers + headers + total,
		Segments: 1 + 5, WireBytes: headers + 5*headers + total,
	}
	if diff := cmp.Diff(want, read(t, c).Ingress.IPv4); diff != "" {
		t.Errorf("ingress (-want +got):\n%s", diff)
	}
}

// tun is a tun device with 10.8.0.1 whose packets carry a virtio header.
type tun struct{ fd int }

const virtioHeaderLen = 10

func openTun(t *testing.T) tun {
	t.Helper()
	// Not os.Open: a tun device cannot be polled before it has a name.
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("open /dev/net/tun: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	req, err := unix.NewIfreq("tun0")
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		t.Fatalf("make tun: %v", err)
	}
	configure(t, "tun0", "10.8.0.1/24")
	return tun{fd}
}

// dialTun begins to connect a socket made in the cgroup dir to the peer behind
// the tun device.
func dialTun(t *testing.T, dir string) int {
	t.Helper()
	var fd int
	var err error
	cgtest.In(t, dir, func() {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{10, 8, 0, 2}, Port: 9})
	if err != nil && err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	return fd
}

const (
	tcpSYN = 0x02
	tcpPSH = 0x08
	tcpACK = 0x10
)

// segment is what the test needs of a TCP segment; port is the kernel's.
type segment struct {
	port     uint16
	seq, ack uint32
	flags    byte
	data     []byte
}

// readTCP returns the next TCP segment that the kernel sends.
func (d tun) readTCP(t *testing.T) segment {
	t.Helper()
	buf := make([]byte, 65536)
	for {
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}, 10_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || ready == 0 {
			t.Fatalf("no packet from tun: %v", err)
		}
		n, err := unix.Read(d.fd, buf)
		if err != nil {
			t.Fatalf("read tun: %v", err)
		}
		ip := buf[virtioHeaderLen:n]
		if len(ip) >= 40 && ip[0]>>4 == 4 && ip[9] == unix.IPPROTO_TCP {
			tcp := ip[int(ip[0]&0xf)*4:]
			return segment{port: binary.BigEndian.Uint16(tcp), seq: binary.BigEndian.Uint32(tcp[4:])}
		}
	}
}

// writeTCP gives the kernel a segment, as one packet to be cut into pieces of
// size bytes when size is not 0.
func (d tun) writeTCP(t *testing.T, s segment, size uint16) {
	t.Helper()
	const ipLen, tcpLen, checksumAt = 20, 20, 16
	// struct virtio_net_hdr: type, lengths, and where the checksum is missing.
	packet := []byte{unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, unix.VIRTIO_NET_HDR_GSO_NONE}
	if size > 0 {
		packet[1] = unix.VIRTIO_NET_HDR_GSO_TCPV4
	}
	for _, field := range []uint16{ipLen + tcpLen, size, ipLen, checksumAt} {
		packet = binary.NativeEndian.AppendUint16(packet, field)
	}
	src, dst := net.IP{10, 8, 0, 2}, net.IP{10, 8, 0, 1}
	length := uint16(tcpLen + len(s.data))
	packet = append(packet, ipv4Header(src, dst, unix.IPPROTO_TCP, length)...)
	tcp := binary.BigEndian.AppendUint16(nil, 9)
	tcp = binary.BigEndian.AppendUint16(tcp, s.port)
	tcp = binary.BigEndian.AppendUint32(tcp, s.seq)
	tcp = binary.BigEndian.AppendUint32(tcp, s.ack)
	tcp = append(tcp, tcpLen/4<<4, s.flags, 0xff, 0xff)
	pseudo := append(append([]byte{}, src...), dst...)
	pseudo = binary.BigEndian.AppendUint16(append(pseudo, 0, unix.IPPROTO_TCP), length)
	tcp = binary.BigEndian.AppendUint16(tcp, ^checksum(pseudo))
	packet = append(append(append(packet, tcp...), 0, 0), s.data...)
	if _, err := unix.Write(d.fd, packet); err != nil {
		t.Fatalf("write tun: %v", err)
	}
}

func ipv4Header(src, dst net.IP, protocol byte, payload uint16) []byte {
	h := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0}
	binary.BigEndian.PutUint16(h[2:], 20+payload)
	h = append(append(h, src...), dst...)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return h
}

// checksum is the Internet checksum of an even number of bytes, RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
