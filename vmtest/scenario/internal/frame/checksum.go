package frame

import (
	"encoding/binary"
	"net"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// checksum tells whether a layer's checksum is "ok" or "bad", or "" if it has none
// or what it covers is not all there. It is computed here, not by the library whose
// serializer a test may have made the frame with. RFC 1071.
func checksum(l gopacket.Layer, all []gopacket.Layer) string {
	switch l := l.(type) {
	case *layers.IPv4:
		return verdict(sum(l.Contents) == 0xffff)
	case *layers.ICMPv4:
		if fragmented(all) {
			return ""
		}
		return verdict(sum(l.Contents, l.Payload) == 0xffff)
	case *layers.UDP:
		if l.Checksum == 0 {
			return "none"
		}
		return transport(l, 17, all)
	case *layers.TCP:
		return transport(l, 6, all)
	case *layers.ICMPv6:
		return transport(l, 58, all)
	}
	return ""
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "bad"
}

// transport checks a checksum that covers the addresses too.
func transport(l gopacket.Layer, protocol byte, all []gopacket.Layer) string {
	source, target := addresses(l, all)
	if source == nil || fragmented(all) {
		return ""
	}
	size := len(l.LayerContents()) + len(l.LayerPayload())
	var tail [8]byte
	binary.BigEndian.PutUint32(tail[:], uint32(size))
	tail[7] = protocol
	pseudo := append(append(append([]byte(nil), source...), target...), tail[:]...)
	return verdict(sum(pseudo, l.LayerContents(), l.LayerPayload()) == 0xffff)
}

// addresses returns those of the innermost IP header around a layer.
func addresses(l gopacket.Layer, all []gopacket.Layer) (source, target net.IP) {
	for _, outer := range all {
		switch ip := outer.(type) {
		case *layers.IPv4:
			source, target = ip.SrcIP.To4(), ip.DstIP.To4()
		case *layers.IPv6:
			source, target = ip.SrcIP, ip.DstIP
		}
		if outer == l {
			break
		}
	}
	return source, target
}

func fragmented(all []gopacket.Layer) bool {
	for _, l := range all {
		switch ip := l.(type) {
		case *layers.IPv4:
			if ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0 {
				return true
			}
		case *layers.IPv6Fragment:
			return true
		}
	}
	return false
}

// sum is the ones' complement sum of parts, each but the last of an even length.
func sum(parts ...[]byte) uint16 {
	var s uint64
	for _, p := range parts {
		for ; len(p) > 1; p = p[2:] {
			s += uint64(binary.BigEndian.Uint16(p))
		}
		if len(p) == 1 {
			s += uint64(p[0]) << 8
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
