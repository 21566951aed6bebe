// Package traffic sends and receives what scenarios put on the wire, with as few
// system calls as will do and sockets that are made on the calling thread, so that
// they belong to its network namespace and cgroup.
//
// What is sent is a pattern of bytes that tells every place in a stream from its
// neighbours, so that a receiver knows each byte that is lost, doubled or moved.
package traffic

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Protocols are what sinks and senders speak; icmp has no sink, as the kernel
// answers it.
const (
	TCP  = "tcp"
	UDP  = "udp"
	ICMP = "icmp"
)

// parseAddr reads HOST:PORT, [HOST]:PORT, or, for icmp, HOST.
func parseAddr(proto, addr string) (netip.AddrPort, error) {
	if proto == ICMP {
		host, err := netip.ParseAddr(addr)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("address %q: want an IP address", addr)
		}
		return netip.AddrPortFrom(host, 0), nil
	}
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return a, fmt.Errorf("address %q: want IP:PORT or [IP]:PORT", addr)
	}
	return a, nil
}

func sockaddr(a netip.AddrPort) (unix.Sockaddr, error) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}, nil
	}
	sa := &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
	if zone := a.Addr().Zone(); zone != "" {
		index, err := interfaceIndex(zone)
		if err != nil {
			return nil, err
		}
		sa.ZoneId = index
	}
	return sa, nil
}

// interfaceIndex asks for an interface of the calling thread's network namespace.
func interfaceIndex(name string) (uint32, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr)
	}
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	return ifr.Uint32(), nil
}

// socket makes a socket for an address on the calling thread.
func socket(proto string, a netip.AddrPort) (int, error) {
	domain := unix.AF_INET6
	if a.Addr().Is4() {
		domain = unix.AF_INET
	}
	typ, number := unix.SOCK_STREAM, unix.IPPROTO_TCP
	switch {
	case proto == UDP:
		typ, number = unix.SOCK_DGRAM, unix.IPPROTO_UDP
	case proto == ICMP && domain == unix.AF_INET:
		typ, number = unix.SOCK_DGRAM, unix.IPPROTO_ICMP
	case proto == ICMP:
		typ, number = unix.SOCK_DGRAM, unix.IPPROTO_ICMPV6
	case proto != TCP:
		return -1, fmt.Errorf("unknown protocol %q: want tcp, udp or icmp", proto)
	}
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC, number)
	if err != nil {
		return -1, fmt.Errorf("make %s socket: %w", proto, err)
	}
	return fd, nil
}

// pattern is the byte at a place in a stream.
func pattern(place int) byte { return byte(place ^ place>>8*7 ^ place>>16*13) }

// fill writes the stream from a place on into b.
func fill(b []byte, place int) {
	for i := range b {
		b[i] = pattern(place + i)
	}
}

// wrong counts the bytes of b that are not those of the stream from a place on.
func wrong(b []byte, place int) (n int) {
	for i := range b {
		if b[i] != pattern(place+i) {
			n++
		}
	}
	return n
}
