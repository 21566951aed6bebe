package wiring

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// settings are what can be said of an interface: KEY=VALUE.
var settings = map[string]func(netlink.Link, string) error{
	"addr": func(l netlink.Link, v string) error {
		for a := range strings.SplitSeq(v, ",") {
			if err := addAddr(l, a); err != nil {
				return err
			}
		}
		return nil
	},
	"mac": func(l netlink.Link, v string) error {
		mac, err := net.ParseMAC(v)
		if err != nil {
			return err
		}
		return netlink.LinkSetHardwareAddr(l, mac)
	},
	"master": func(l netlink.Link, v string) error {
		master, err := find(v)
		if err != nil {
			return err
		}
		return netlink.LinkSetMaster(l, master)
	},
	"mtu":               number(netlink.LinkSetMTU),
	"txqueuelen":        number(netlink.LinkSetTxQLen),
	"gso_max_size":      number(netlink.LinkSetGSOMaxSize),
	"gso_max_segs":      number(netlink.LinkSetGSOMaxSegs),
	"gro_max_size":      number(netlink.LinkSetGROMaxSize),
	"gso_ipv4_max_size": number(netlink.LinkSetGSOIPv4MaxSize),
	"gro_ipv4_max_size": number(netlink.LinkSetGROIPv4MaxSize),
	"tx":                offload(unix.ETHTOOL_STXCSUM),
	"rx":                offload(unix.ETHTOOL_SRXCSUM),
	"tso":               offload(unix.ETHTOOL_STSO),
	"gso":               offload(unix.ETHTOOL_SGSO),
	"gro":               offload(unix.ETHTOOL_SGRO),
}

func number(set func(netlink.Link, int) error) func(netlink.Link, string) error {
	return func(l netlink.Link, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return errors.New("want a whole number")
		}
		return set(l, n)
	}
}

// A KeyError says that there is no such setting.
type KeyError struct{ Key string }

// Error implements error.
func (e *KeyError) Error() string {
	keys := []string{"up", "down", "type"}
	for k := range settings {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return fmt.Sprintf("unknown setting %q: want one of %s", e.Key, strings.Join(keys, " "))
}

// Set changes an interface of this network namespace: up, down, or KEY=VALUE each.
// With type=KIND first, it makes the interface. Addresses come last: one that is
// added while the kernel sets an interface up may not answer.
func (m *Maker) Set(name string, changes []string) error {
	if len(changes) > 0 && strings.HasPrefix(changes[0], "type=") {
		if err := m.add(name, strings.TrimPrefix(changes[0], "type=")); err != nil {
			return err
		}
		changes = changes[1:]
	}
	link, err := find(name)
	if err != nil {
		return err
	}
	slices.SortStableFunc(changes, func(a, b string) int { return isAddr(a) - isAddr(b) })
	for _, c := range changes {
		key, value, _ := strings.Cut(c, "=")
		if err := change(link, key, value); err != nil {
			return fmt.Errorf("set %s of %s: %w", c, name, err)
		}
	}
	return awaitAddrs(name)
}

func isAddr(change string) int {
	if strings.HasPrefix(change, "addr=") {
		return 1
	}
	return 0
}

func change(link netlink.Link, key, value string) error {
	switch key {
	case "up":
		return netlink.LinkSetUp(link)
	case "down":
		return netlink.LinkSetDown(link)
	}
	set := settings[key]
	if set == nil {
		return &KeyError{key}
	}
	return set(link, value)
}

// add makes an interface of a kind that needs nothing said about it.
func (m *Maker) add(name, kind string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	attrs.Index, attrs.HardwareAddr = m.number()
	var link netlink.Link = &netlink.GenericLink{LinkAttrs: attrs, LinkType: kind}
	if table, ok := strings.CutPrefix(kind, "vrf:"); ok {
		n, err := strconv.ParseUint(table, 10, 32)
		if err != nil {
			return fmt.Errorf("make %s: vrf table %q: want a number", name, table)
		}
		link = &netlink.Vrf{LinkAttrs: attrs, Table: uint32(n)}
	}
	if err := netlink.LinkAdd(link); err != nil {
		return fmt.Errorf("make %s of type %s: %w", name, kind, err)
	}
	return silence(name)
}

// Route adds a route: to a prefix, "default" or a kind such as "blackhole PREFIX",
// over a gateway, an interface, or both.
func Route(to, via, dev string) error {
	r := &netlink.Route{}
	if to != "default" {
		_, dst, err := net.ParseCIDR(to)
		if err != nil {
			return fmt.Errorf("route to %q: want a prefix such as 10.1.0.0/16, or default", to)
		}
		r.Dst = dst
	}
	if via != "" {
		if r.Gw = net.ParseIP(via); r.Gw == nil {
			return fmt.Errorf("route via %q: want an IP address", via)
		}
	}
	if dev != "" {
		link, err := find(dev)
		if err != nil {
			return err
		}
		r.LinkIndex = link.Attrs().Index
	}
	if err := netlink.RouteAdd(r); err != nil {
		return fmt.Errorf("add route to %s: %w", to, err)
	}
	return nil
}

// Neighbour says at which hardware address of an interface's link an IP address is.
func Neighbour(dev, addr, mac string) error {
	link, err := find(dev)
	if err != nil {
		return err
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("neighbour %q: want an IP address", addr)
	}
	hw, err := net.ParseMAC(mac)
	if err != nil {
		return fmt.Errorf("neighbour %s at %q: want a hardware address", addr, mac)
	}
	n := &netlink.Neigh{LinkIndex: link.Attrs().Index, IP: ip.AsSlice(), HardwareAddr: hw, State: netlink.NUD_PERMANENT}
	if err := netlink.NeighSet(n); err != nil {
		return fmt.Errorf("set neighbour %s: %w", addr, err)
	}
	return nil
}
