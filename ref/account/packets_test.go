package account_test

import (
	"net"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestUDPEgress: without segmentation or handshakes, what is sent is what lo
// carried too.
func TestUDPEgress(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		m := load(t, account.Options{})
		cgtest.Netns(t)
		dir := cgtest.New(t)
		c := attach(t, m, dir)
		before := cgtest.Count(t, "lo")
		cgtest.Datagrams(t, dir, dir, ip, 100, 1200)
		lo := cgtest.Count(t, "lo").Sub(before)
		header := uint64(20 + 8)
		if net.ParseIP(ip).To4() == nil {
			header = 40 + 8
		}
		want := account.Tally{Packets: lo.TxPackets, Bytes: lo.TxBytes}
		if want.Packets != 100 || want.Bytes != 100*(1200+header) {
			t.Fatalf("%s: lo carried %+v, want 100 datagrams of 1200 bytes with %d of headers", ip, lo, header)
		}
		got := read(t, c).Egress.Total()
		got.Segments, got.WireBytes = 0, 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: egress (+) is not what lo carried (-):\n%s", ip, diff)
		}
	}
}

// TestPing: the kernel answers an echo request itself, from no cgroup; the
// request and the reply are the sender's. ping(8) says 56(84) bytes for IPv4
// and 56 data bytes, 104 with headers, for IPv6.
func TestPing(t *testing.T) {
	for _, tt := range []struct {
		ip, network string
		request     []byte
		want        uint64
	}{
		{"127.0.0.1", "ip4:icmp", icmp(8), 84},
		{"::1", "ip6:ipv6-icmp", icmp(128), 104},
	} {
		m := load(t, account.Options{})
		cgtest.Netns(t)
		dir := cgtest.New(t)
		c := attach(t, m, dir)
		var conn net.Conn
		var err error
		cgtest.In(t, dir, func() { conn, err = net.Dial(tt.network, tt.ip) })
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := conn.Write(tt.request); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
		if got := read(t, c).Egress.Total(); got.Packets != 3 || got.Bytes != 3*tt.want {
			t.Errorf("%s: egress got %d packets, %d bytes, want 3 of %d", tt.ip, got.Packets, got.Bytes, tt.want)
		}
	}
}

// icmp returns an echo request with 56 bytes of data. The kernel fills in the
// checksum for ICMPv6; nobody answers a wrong one for ICMP, which is no matter.
func icmp(typ byte) []byte { return append([]byte{typ, 0, 0, 0, 0, 1, 0, 1}, make([]byte, 56)...) }

// TestMulticast: a multicast datagram that the sending host wants itself is sent
// twice, once on the wire and once back, and counts once.
func TestMulticast(t *testing.T) {
	m := load(t, account.Options{})
	cgtest.Netns(t)
	dir := cgtest.New(t)
	c := attach(t, m, dir)
	vethPair(t, 0)
	near, err := net.InterfaceByName("near")
	if err != nil {
		t.Fatal(err)
	}
	group := &net.UDPAddr{IP: net.IPv4(239, 1, 2, 3), Port: 9999}
	var s *net.UDPConn
	var fd int
	cgtest.In(t, dir, func() {
		if s, err = net.ListenMulticastUDP("udp4", near, group); err == nil {
			fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer unix.Close(fd)
	if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(near.Index)}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendto(fd, make([]byte, 100), 0, &unix.SockaddrInet4{Port: group.Port, Addr: [4]byte(group.IP.To4())}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Read(make([]byte, 200)); err != nil || n != 100 {
		t.Fatalf("received %d bytes, %v", n, err)
	}
	if got := read(t, c); got.Egress.IPv4.Packets != 1 || got.Ingress.IPv4.Packets != 1 || got.Egress.IPv4.Bytes != 128 {
		t.Errorf("got %+v, want one packet of 128 bytes each way", got)
	}
}

// TestFragments: a datagram is cut up after it was counted, and counted again
// when it is whole again.
func TestFragments(t *testing.T) {
	m := load(t, account.Options{})
	cgtest.Netns(t)
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetMTU(lo, 1500); err != nil {
		t.Fatal(err)
	}
	dir := cgtest.New(t)
	c := attach(t, m, dir)
	before := cgtest.Count(t, "lo")
	cgtest.Datagrams(t, dir, dir, "127.0.0.1", 1, 30_000)
	got, sent := read(t, c), cgtest.Count(t, "lo").Sub(before)
	if sent.TxPackets < 20 {
		t.Fatalf("lo carried %d packets, want fragments", sent.TxPackets)
	}
	for _, f := range []account.Flow{got.Ingress, got.Egress} {
		if f.IPv4.Packets != 1 || f.IPv4.Bytes != 30_028 {
			t.Errorf("got %d packets, %d bytes, want the whole datagram: 1 of 30028", f.IPv4.Packets, f.IPv4.Bytes)
		}
	}
}
