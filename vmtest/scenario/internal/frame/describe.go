package frame

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Describe tells in a line what a frame is, layer by layer. It leaves out what
// differs from run to run for no reason of the scenario's: identifiers and sequence
// numbers. Checksums are computed and told to be ok, bad, or partial, which is left
// for the card to fill in.
func Describe(f Frame) string {
	var b strings.Builder
	b.WriteString("in")
	if f.Out {
		b.Reset()
		b.WriteString("out")
	}
	p := gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	for _, l := range p.Layers() {
		if text := describe(l); text != "" {
			b.WriteString(" " + text)
		}
		if sum := checksum(l, p.Layers()); sum != "" {
			if f.Partial && sum == "bad" && isTransport(l) {
				sum = "partial"
			}
			b.WriteString(" csum " + sum)
		}
	}
	if f.Cut > 0 {
		fmt.Fprintf(&b, " cut %d", f.Cut)
	}
	fmt.Fprintf(&b, " length %d", len(f.Data)+f.Cut)
	return b.String()
}

func isTransport(l gopacket.Layer) bool {
	_, ok := l.(gopacket.TransportLayer)
	return ok
}

func describe(l gopacket.Layer) string {
	switch l := l.(type) {
	case *layers.Ethernet:
		if l.EthernetType == layers.EthernetTypeLLC {
			return fmt.Sprintf("eth %v > %v llc", l.SrcMAC, l.DstMAC)
		}
		return fmt.Sprintf("eth %v > %v", l.SrcMAC, l.DstMAC)
	case *layers.Dot1Q:
		return fmt.Sprintf("vlan %d prio %d", l.VLANIdentifier, l.Priority)
	case *layers.ARP:
		return describeARP(l)
	case *layers.IPv4:
		return describeIPv4(l)
	case *layers.IPv6:
		return fmt.Sprintf("ip6 %v > %v hlim %d class %d", l.SrcIP, l.DstIP, l.HopLimit, l.TrafficClass)
	case *layers.IPv6Fragment:
		return fmt.Sprintf("frag %d%s", int(l.FragmentOffset)*8, more(l.MoreFragments))
	case *layers.VXLAN:
		return fmt.Sprintf("vxlan %d", l.VNI)
	case *layers.MPLS:
		return fmt.Sprintf("mpls %d ttl %d", l.Label, l.TTL)
	case *gopacket.DecodeFailure:
		return fmt.Sprintf("undecoded %d: %v", len(l.LayerContents()), l.Error())
	case *gopacket.Fragment:
		return fmt.Sprintf("len %d", len(*l))
	case *gopacket.Payload:
		return "" // the layer around it tells its length
	}
	return describeTransport(l)
}

func describeTransport(l gopacket.Layer) string {
	switch l := l.(type) {
	case *layers.TCP:
		return fmt.Sprintf("tcp %d > %d flags %s len %d", l.SrcPort, l.DstPort, tcpFlags(l), len(l.Payload))
	case *layers.UDP:
		return fmt.Sprintf("udp %d > %d len %d", l.SrcPort, l.DstPort, len(l.Payload))
	case *layers.ICMPv4:
		text := fmt.Sprintf("icmp %v", l.TypeCode)
		if t := l.TypeCode.Type(); t == layers.ICMPv4TypeEchoRequest || t == layers.ICMPv4TypeEchoReply {
			text += fmt.Sprintf(" seq %d", l.Seq)
		}
		return fmt.Sprintf("%s len %d", text, len(l.Payload))
	case *layers.ICMPv6:
		return describeICMPv6(l)
	}
	name := l.LayerType().String()
	if strings.HasPrefix(name, "ICMPv6") {
		return "" // the header tells of what is in it
	}
	return strings.ToLower(name)
}

// describeICMPv6 looks past the header, where the rest is of a fixed form.
// RFC 4443, RFC 4861.
func describeICMPv6(l *layers.ICMPv6) string {
	text := fmt.Sprintf("icmp6 %v", l.TypeCode)
	body := l.Payload
	const reserved, address = 4, 16
	switch l.TypeCode.Type() {
	case layers.ICMPv6TypeEchoRequest, layers.ICMPv6TypeEchoReply:
		if len(body) >= reserved {
			return fmt.Sprintf("%s seq %d len %d", text, binary.BigEndian.Uint16(body[2:]), len(body)-reserved)
		}
	case layers.ICMPv6TypeNeighborSolicitation, layers.ICMPv6TypeNeighborAdvertisement:
		if len(body) >= reserved+address {
			return fmt.Sprintf("%s of %v", text, net.IP(body[reserved:reserved+address]))
		}
	}
	return text
}

func describeARP(l *layers.ARP) string {
	source, target := ipString(l.SourceProtAddress), ipString(l.DstProtAddress)
	if l.Operation == layers.ARPRequest {
		return fmt.Sprintf("arp who-has %s tell %s", target, source)
	}
	return fmt.Sprintf("arp reply %s is-at %s to %s", source, hexMAC(l.SourceHwAddress), target)
}

func ipString(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprint(c)
	}
	return strings.Join(parts, ".")
}

func hexMAC(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(parts, ":")
}

func describeIPv4(l *layers.IPv4) string {
	text := fmt.Sprintf("ip4 %v > %v ttl %d tos %d", l.SrcIP, l.DstIP, l.TTL, l.TOS)
	moreFragments := l.Flags&layers.IPv4MoreFragments != 0
	if l.FragOffset != 0 || moreFragments {
		text += fmt.Sprintf(" frag %d%s", int(l.FragOffset)*8, more(moreFragments))
	}
	if l.Flags&layers.IPv4DontFragment != 0 {
		text += " df"
	}
	if len(l.Options) > 0 {
		text += fmt.Sprintf(" options %d", len(l.Options))
	}
	return text
}

func more(m bool) string {
	if m {
		return "+"
	}
	return ""
}

func tcpFlags(l *layers.TCP) string {
	var b strings.Builder
	for _, f := range []struct {
		set  bool
		name string
	}{
		{l.FIN, "F"}, {l.SYN, "S"}, {l.RST, "R"}, {l.PSH, "P"}, {l.ACK, "A"}, {l.URG, "U"}, {l.ECE, "E"}, {l.CWR, "W"},
	} {
		if f.set {
			b.WriteString(f.name)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

// Dump returns a frame in hexadecimal, 16 bytes a line, as [ParseHex] reads it.
func Dump(f Frame) string {
	var b strings.Builder
	for data := f.Data; len(data) > 0; {
		n := min(16, len(data))
		fmt.Fprintf(&b, "  % x\n", data[:n])
		data = data[n:]
	}
	return b.String()
}

// ParseHex reads a frame from hexadecimal digits; white space, and what follows a #
// on a line, is of no meaning.
func ParseHex(text string) ([]byte, error) {
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, f := range strings.Fields(line) {
			digits.WriteString(f)
		}
	}
	data, err := hex.DecodeString(digits.String())
	if err == nil && len(data) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return nil, fmt.Errorf("read frame in hexadecimal: %w", err)
	}
	return data, nil
}
