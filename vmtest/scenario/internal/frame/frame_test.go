package frame

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"
)

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// build serializes layers with the library: lengths and checksums are its, and
// checked by ours.
func build(t *testing.T, all ...gopacket.SerializableLayer) []byte {
	t.Helper()
	var ip gopacket.NetworkLayer
	for _, l := range all {
		if n, ok := l.(gopacket.NetworkLayer); ok {
			ip = n
		}
		var err error
		switch l := l.(type) {
		case *layers.TCP:
			err = l.SetNetworkLayerForChecksum(ip)
		case *layers.UDP:
			err = l.SetNetworkLayerForChecksum(ip)
		case *layers.ICMPv6:
			err = l.SetNetworkLayerForChecksum(ip)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func eth(t layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: t}
}

func ip4(p layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 63, TOS: 16, Protocol: p, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
}

func ip6(p layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: p, SrcIP: net.ParseIP("fd00::1"), DstIP: net.ParseIP("fd00::2")}
}

const start = "in eth 02:00:00:00:00:01 > 02:00:00:00:00:02 "

func TestDescribe(t *testing.T) {
	payload := gopacket.Payload("twenty bytes of load") // shorter frames are padded
	for _, c := range []struct {
		name   string
		layers []gopacket.SerializableLayer
		want   string
	}{
		{"udp", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}, payload},
			"ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok udp 1 > 2 len 20 csum ok length 62"},
		{"tcp over IPv6", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 80, SYN: true, ECE: true}, payload},
			"ip6 fd00::1 > fd00::2 hlim 64 class 0 tcp 1 > 80 flags SE len 20 csum ok length 94"},
		{"no flags", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 80}, payload},
			"ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok tcp 1 > 80 flags - len 20 csum ok length 74"},
		{"two tags", []gopacket.SerializableLayer{eth(layers.EthernetTypeQinQ), &layers.Dot1Q{VLANIdentifier: 5, Priority: 3, Type: layers.EthernetTypeDot1Q},
			&layers.Dot1Q{VLANIdentifier: 6, Type: layers.EthernetTypeIPv4}, ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}, payload},
			"vlan 5 prio 3 vlan 6 prio 0 ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok udp 1 > 2 len 20 csum ok length 70"},
		{"ping", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4),
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0), Id: 77, Seq: 9}, payload},
			"ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok icmp EchoRequest seq 9 len 20 csum ok length 62"},
		{"time exceeded", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolICMPv4),
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeTimeExceeded, 0)}, payload},
			"ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok icmp TimeExceeded(TTLExceeded) len 20 csum ok length 62"},
		{"ping over IPv6", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolICMPv6),
			&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoReply, 0)}, &layers.ICMPv6Echo{Identifier: 77, SeqNumber: 3}, payload},
			"ip6 fd00::1 > fd00::2 hlim 64 class 0 icmp6 EchoReply seq 3 len 20 csum ok length 82"},
		{"neighbour", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolICMPv6),
			&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)}, &layers.ICMPv6NeighborSolicitation{TargetAddress: net.ParseIP("fd00::9")}},
			"ip6 fd00::1 > fd00::2 hlim 64 class 0 icmp6 NeighborSolicitation of fd00::9 csum ok length 78"},
		{"tunnel", []gopacket.SerializableLayer{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 4789},
			&layers.VXLAN{ValidIDFlag: true, VNI: 42}, eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolUDP), &layers.UDP{SrcPort: 3, DstPort: 4}, payload},
			"ip4 10.0.0.1 > 10.0.0.2 ttl 63 tos 16 csum ok udp 1 > 4789 len 90 csum ok vxlan 42 " +
				"eth 02:00:00:00:00:01 > 02:00:00:00:00:02 ip6 fd00::1 > fd00::2 hlim 64 class 0 udp 3 > 4 len 20 csum ok length 132"},
		{"address resolution", []gopacket.SerializableLayer{eth(layers.EthernetTypeARP), &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4,
			HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPReply, SourceHwAddress: macA, SourceProtAddress: []byte{10, 0, 0, 1}, DstHwAddress: macB, DstProtAddress: []byte{10, 0, 0, 2}}},
			"arp reply 10.0.0.1 is-at 02:00:00:00:00:01 to 10.0.0.2 length 60"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := build(t, c.layers...)
			if got := Describe(Frame{Data: data}); got != start+c.want {
				t.Errorf("got  %s\nwant %s", got, start+c.want)
			}
		})
	}
}

// Every byte that a checksum covers makes it bad.
func TestChecksumCoversAllBytes(t *testing.T) {
	for _, l := range [][]gopacket.SerializableLayer{
		{eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload("an odd number of bytes.")},
		{eth(layers.EthernetTypeIPv6), ip6(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 2, ACK: true}, gopacket.Payload("an even number of bytes.")},
	} {
		data := build(t, l...)
		if got := Describe(Frame{Data: data}); strings.Contains(got, "bad") {
			t.Fatalf("unchanged: %s", got)
		}
		payload := len(data) - 3
		for _, at := range []int{payload, payload + 1, payload + 2} {
			data[at] ^= 0x40
			if got := Describe(Frame{Data: data}); !strings.Contains(got, "csum bad length") {
				t.Errorf("with byte %d changed: %s", at, got)
			}
			if got := Describe(Frame{Data: data, Partial: true, Out: true}); !strings.Contains(got, "csum partial length") || !strings.HasPrefix(got, "out ") {
				t.Errorf("left to the card: %s", got)
			}
			data[at] ^= 0x40
		}
	}
	data := build(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload("an odd number of bytes."))
	data[14+8] -= 1 // the TTL, without the checksum: what a careless router does
	if got := Describe(Frame{Data: data, Partial: true}); !strings.Contains(got, "ttl 62 tos 16 csum bad udp") {
		t.Errorf("with a TTL that the checksum does not know of: %s", got)
	}
}

func TestDescribeTruncated(t *testing.T) {
	whole := build(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolTCP), &layers.TCP{SrcPort: 1, DstPort: 80}, gopacket.Payload("four"))
	for n := range whole {
		if got := Describe(Frame{Data: whole[:n]}); got == "" {
			t.Errorf("nothing is said of the first %d bytes", n)
		}
	}
	if got := Describe(Frame{Data: whole[:20], Cut: 38}); !strings.Contains(got, "undecoded") || !strings.HasSuffix(got, "cut 38 length 58") {
		t.Errorf("of a frame that was cut: %s", got)
	}
}

func TestHexRoundTrip(t *testing.T) {
	data := make([]byte, 100)
	for i := range data {
		data[i] = byte(i * 7)
	}
	got, err := ParseHex("# a comment\n" + Dump(Frame{Data: data}))
	if err != nil || string(got) != string(data) {
		t.Errorf("got % x, %v; want % x", got, err, data)
	}
	for _, bad := range []string{"", "# only a comment", "0", "0g", "00 1"} {
		if got, err := ParseHex(bad); err == nil {
			t.Errorf("ParseHex(%q) = % x, want an error", bad, got)
		}
	}
}

func TestTagIsPutBack(t *testing.T) {
	f := Frame{Data: build(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 1, DstPort: 2})}
	f.insertTag(auxdata{status: unix.TP_STATUS_VLAN_VALID | unix.TP_STATUS_VLAN_TPID_VALID, vlanTCI: 3<<13 | 100, vlanTPID: 0x88a8})
	if got := Describe(f); !strings.HasPrefix(got, start+"vlan 100 prio 3 ip4 10.0.0.1") {
		t.Errorf("got %s, want the tag", got)
	}
}

// Frames of the loopback are seen in both directions, and what is not there is not.
func TestCapture(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a packet socket needs root")
	}
	if _, err := Start("no-such-iface"); err == nil {
		t.Error("a capture was started on an interface that there is not")
	}
	c, err := Start("lo")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	marked := build(t, eth(layers.EthernetTypeIPv4), ip4(layers.IPProtocolUDP), &layers.UDP{SrcPort: 41, DstPort: 42}, gopacket.Payload("only here"))
	if err := Inject("lo", marked); err != nil {
		t.Fatal(err)
	}
	frames, err := c.Frames()
	if err != nil {
		t.Fatal(err)
	}
	var in, out int
	for _, f := range frames {
		if string(f.Data) == string(marked) && f.Out {
			out++
		} else if string(f.Data) == string(marked) {
			in++
		}
	}
	if in != 1 || out != 1 {
		t.Errorf("the frame was seen %d times coming in and %d going out, want once each", in, out)
	}
	if again, err := c.Frames(); err != nil || len(again) < len(frames) {
		t.Errorf("asked again: %d frames, %v; want the %d of before, too", len(again), err, len(frames))
	}
}
