package verb

import (
	"errors"
	"strings"

	"github.com/assay-lab/assay/vmtest/scenario/internal/wiring"
)

var links = []Verb{
	{"cable", "[-virtio] [NETNS/]IFACE[=ADDR/LEN,…] [NETNS/]IFACE[=ADDR/LEN,…]", "Make a pair of veth interfaces, or take the machine's pair of virtio cards, and connect two places.", 2, 3, runCable},
	{"link", "[NETNS/]IFACE [type=KIND] [up|down|KEY=VALUE]…", "Set up an interface, or make one: addr, mac, master, mtu, txqueuelen, gso_max_size…, tx, rx, tso, gso, gro=on|off.", 2, -1, runLink},
	{"route", "PREFIX|default [via ADDR] [dev IFACE]", "Add a route here.", 3, 5, runRoute},
	{"neigh", "[NETNS/]IFACE ADDR MAC", "Say at which hardware address a neighbour is, for good.", 3, 3, runNeigh},
}

// splitIface splits [NETNS/]IFACE; without a network namespace it is here.
func (s *State) splitIface(spec string) (netns, iface string) {
	if netns, iface, ok := strings.Cut(spec, "/"); ok {
		return netns, iface
	}
	netns, _ = s.World.At()
	return netns, spec
}

// atIface calls f with an interface's name in its network namespace.
func (s *State) atIface(spec string, f func(iface string) error) error {
	netns, iface := s.splitIface(spec)
	return s.World.InNetns(netns, func() error { return f(iface) })
}

// end reads one end of a cable.
func (s *State) end(spec string) (e wiring.End, err error) {
	place, addrs, addressed := strings.Cut(spec, "=")
	netns, iface := s.splitIface(place)
	if iface == "" {
		return e, usagef("end %q: want [NETNS/]IFACE[=ADDR/LEN,…]", spec)
	}
	if addressed {
		e.Addrs = strings.Split(addrs, ",")
	}
	e.Name = iface
	e.In = func(f func() error) error { return s.World.InNetns(netns, f) }
	e.Netns, err = s.World.Netns(netns)
	return e, err
}

func runCable(s *State, args []string) error {
	o, args, err := options(args, "-virtio")
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return usagef("want two ends")
	}
	a, err := s.end(args[0])
	if err != nil {
		return err
	}
	b, err := s.end(args[1])
	if err != nil {
		return err
	}
	if o.has("-virtio") {
		return s.wires.VirtioCable(a, b)
	}
	return s.wires.Cable(a, b)
}

func runLink(s *State, args []string) error {
	err := s.atIface(args[0], func(iface string) error { return s.wires.Set(iface, args[1:]) })
	var key *wiring.KeyError
	if errors.As(err, &key) {
		return usagef("%v", key)
	}
	return err
}

func runRoute(_ *State, args []string) error {
	var via, dev string
	for rest := args[1:]; len(rest) > 0; rest = rest[2:] {
		switch {
		case len(rest) == 1:
			return usagef("%s wants a value", rest[0])
		case rest[0] == "via":
			via = rest[1]
		case rest[0] == "dev":
			dev = rest[1]
		default:
			return usagef("unknown %q: want via ADDR or dev IFACE", rest[0])
		}
	}
	return wiring.Route(args[0], via, dev)
}

func runNeigh(s *State, args []string) error {
	return s.atIface(args[0], func(iface string) error { return wiring.Neighbour(iface, args[1], args[2]) })
}
