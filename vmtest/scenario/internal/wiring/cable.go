// Package wiring makes network interfaces and sets them up, in the network
// namespace of the calling thread unless told otherwise.
//
// What it makes is quiet and the same each time: no addresses of its own, no
// duplicate address detection, numbered hardware addresses and indexes. What is
// captured on such a wire is what the scenario caused.
package wiring

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An End is one end of a cable.
type End struct {
	In    func(func() error) error // calls a function in the end's network namespace
	Netns int                      // descriptor of that
	Name  string                   // interface
	Addrs []string                 // with prefix lengths
}

// A Maker makes interfaces; it numbers them. The zero value is ready.
type Maker struct {
	made int
	nics []int // indexes of the virtio cards in use
}

// firstIndex keeps the indexes of what is made apart from those that the kernel
// gives out. The two ends of a veth pair must not have the same, in their two
// namespaces: the kernel would take up to a second to notice that they are wired.
const firstIndex = 1000

// number returns the next interface's index and hardware address.
func (m *Maker) number() (index int, mac net.HardwareAddr) {
	m.made++
	return firstIndex + m.made, net.HardwareAddr{2, 0, 0, 0, byte(m.made >> 8), byte(m.made)}
}

// Cable makes a pair of veth interfaces, addressed and up.
func (m *Maker) Cable(a, b End) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = a.Name
	attrs.Index, attrs.HardwareAddr = m.number()
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerNamespace = b.Name, netlink.NsFd(b.Netns)
	_, veth.PeerHardwareAddr = m.number()
	if err := a.In(func() error { return netlink.LinkAdd(veth) }); err != nil {
		return fmt.Errorf("make veth pair %s, %s: %w", a.Name, b.Name, err)
	}
	return raise(a, b)
}

// raise sets both ends up, waits until they are connected, and addresses them.
func raise(ends ...End) error {
	for _, step := range []func(End) error{setUp, awaitUp, address} {
		for _, e := range ends {
			if err := e.In(func() error { return step(e) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func setUp(e End) error {
	link, err := find(e.Name)
	if err != nil {
		return err
	}
	if err := silence(e.Name); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("set %s up: %w", e.Name, err)
	}
	return nil
}

func address(e End) error {
	link, err := find(e.Name)
	if err != nil {
		return err
	}
	for _, a := range e.Addrs {
		if err := addAddr(link, a); err != nil {
			return err
		}
	}
	return awaitAddrs(e.Name)
}

// silence keeps the kernel from sending packets of its own: router solicitations
// from a link-local address, and probes for duplicates of addresses.
func silence(name string) error {
	for _, s := range []struct{ key, value string }{
		{"addr_gen_mode", "1"}, // none
		{"accept_dad", "0"},
		{"accept_ra", "0"},
	} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/"+s.key, []byte(s.value), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // without IPv6 there is nothing to silence
			return err
		}
	}
	return nil
}

func addAddr(link netlink.Link, addr string) error {
	a, err := netlink.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("address %q: want one with its prefix length, such as 10.0.0.1/24", addr)
	}
	a.Label = ""
	a.Flags = unix.IFA_F_NODAD
	if err := netlink.AddrAdd(link, a); err != nil {
		return fmt.Errorf("add %s to %s: %w", addr, link.Attrs().Name, err)
	}
	return nil
}

// readyLimit is how long the kernel may take to notice that both ends are up.
const readyLimit = 10 * time.Second

// awaitUp waits until the kernel sends on an interface, which it does some moments
// after both ends were set up: before, it drops.
func awaitUp(e End) error {
	return await(e.Name, func() (string, error) {
		link, err := find(e.Name)
		if err != nil {
			return "", err
		}
		if state := link.Attrs().OperState; state != netlink.OperUp {
			return "it is " + state.String(), nil
		}
		return "", nil
	})
}

// awaitAddrs waits until an interface that is up answers on its addresses.
func awaitAddrs(name string) error {
	link, err := find(name)
	if err != nil || link.Attrs().Flags&net.FlagUp == 0 {
		return err
	}
	return await(name, func() (string, error) { return unanswered(link) })
}

// unanswered returns the first address that is not yet the interface's, or "". An
// IPv6 address without duplicate detection is there at once, but until its route
// is, a little later, packets to it go astray.
func unanswered(link netlink.Link) (string, error) {
	addrs, err := netlink.AddrList(link, netlink.FAMILY_V6)
	if err != nil {
		return "", fmt.Errorf("list addresses of %s: %w", link.Attrs().Name, err)
	}
	for _, a := range addrs {
		if a.IP.IsLinkLocalUnicast() {
			continue // has a route on every link
		}
		routes, err := netlink.RouteGet(a.IP)
		if err != nil || len(routes) == 0 || routes[0].Type != unix.RTN_LOCAL {
			return "there is no route to " + a.IP.String(), nil
		}
	}
	return "", nil
}

// await asks what an interface is not done with until that is nothing.
func await(name string, missing func() (string, error)) error {
	for deadline := time.Now().Add(readyLimit); ; time.Sleep(time.Millisecond) {
		what, err := missing()
		if err != nil || what == "" {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("interface %s is not ready after %v: %s", name, readyLimit, what)
		}
	}
}

func find(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	return link, nil
}
