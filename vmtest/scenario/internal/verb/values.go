package verb

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/assay-lab/assay/vmtest/scenario/internal/arith"
)

var numbers = []Verb{
	{"let", "VAR EXPR", "Set $VAR to the value of an expression: whole numbers, + - * / % and parentheses.", 2, -1, runLet},
	{"check", "EXPR OP EXPR", "Expect a comparison to hold: == != < <= > >=.", 3, -1, runCheck},
	{"counter", "[NETNS/]IFACE STAT [OP N | -> VAR]", "Print a statistic of an interface, such as tx_bytes.", 2, -1, runCounter},
}

func runLet(s *State, args []string) error {
	if !isName(args[0]) {
		return usagef("variable %q: want letters, digits and _", args[0])
	}
	v, err := arith.Eval(strings.Join(args[1:], " "))
	if err != nil {
		return usagef("%v", err)
	}
	s.script.Setenv(args[0], v.String())
	return nil
}

func isName(name string) bool {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

func runCheck(s *State, args []string) error {
	for i, op := range args {
		for _, known := range arith.Operators {
			if op == known {
				return compare(strings.Join(args[:i], " "), op, strings.Join(args[i+1:], " "))
			}
		}
	}
	return usagef("want EXPR OP EXPR with one of %s between spaces", strings.Join(arith.Operators, " "))
}

// compare evaluates both sides; its error shows both values.
func compare(left, op, right string) error {
	a, err := arith.Eval(left)
	if err != nil {
		return usagef("%v", err)
	}
	b, err := arith.Eval(right)
	if err != nil {
		return usagef("%v", err)
	}
	holds, err := arith.Compare(a, op, b)
	if err != nil {
		return usagef("%v", err)
	}
	if !holds {
		return fmt.Errorf("%s %s %s does not hold%s", left, op, right, values(left, a, op, right, b))
	}
	return nil
}

// values tells what the sides of a comparison come to, where they do not say it
// themselves.
func values(left string, a *big.Int, op, right string, b *big.Int) (text string) {
	if left != a.String() || right != b.String() {
		text = fmt.Sprintf(": %v %s %v", a, op, b)
	}
	return fmt.Sprintf("%s, the difference is %v", text, new(big.Int).Sub(a, b))
}

// A field is a named number of a verb's result.
type field struct {
	name  string
	value int
}

// fields prints all, or, if args name one, does with it what they say.
func (s *State) fields(all []field, args []string) error {
	var names []string
	for _, f := range all {
		if len(args) == 0 {
			fmt.Fprintf(&s.out, "%s=%d ", f.name, f.value)
		} else if f.name == args[0] {
			return s.number(big.NewInt(int64(f.value)), args[1:])
		}
		names = append(names, f.name)
	}
	if len(args) > 0 {
		return usagef("there is no %q: want one of %s", args[0], strings.Join(names, " "))
	}
	s.out.WriteByte('\n')
	return nil
}

// number prints a value and, if args say so, compares it or sets a variable.
func (s *State) number(v *big.Int, args []string) error {
	fmt.Fprintln(&s.out, v)
	if len(args) == 0 {
		return nil
	}
	return s.judge(v, args)
}

// judge compares a value, or sets a variable to it, as args say.
func (s *State) judge(v *big.Int, args []string) error {
	switch {
	case len(args) == 1:
		return usagef("want OP N or -> VAR after the value, not %q", args[0])
	case args[0] != "->":
		return compare(v.String(), args[0], strings.Join(args[1:], " "))
	case len(args) != 2 || !isName(args[1]):
		return usagef("want -> VAR")
	}
	s.script.Setenv(args[1], v.String())
	return nil
}

func runCounter(s *State, args []string) error {
	var stats *netlink.LinkStatistics
	err := s.atIface(args[0], func(iface string) error {
		link, err := netlink.LinkByName(iface)
		if err != nil {
			return fmt.Errorf("interface %s: %w", args[0], err)
		}
		if stats = link.Attrs().Statistics; stats == nil {
			return fmt.Errorf("interface %s has no statistics", args[0])
		}
		return nil
	})
	if err != nil {
		return err
	}
	v, ok := statistic(stats, args[1])
	if !ok {
		return usagef("unknown statistic %q: want one such as rx_packets, tx_bytes, tx_dropped", args[1])
	}
	return s.number(new(big.Int).SetUint64(v), args[2:])
}

// statistic picks a counter by its name in /sys/class/net/IFACE/statistics.
func statistic(s *netlink.LinkStatistics, name string) (uint64, bool) {
	v, ok := map[string]uint64{
		"rx_packets": s.RxPackets, "tx_packets": s.TxPackets,
		"rx_bytes": s.RxBytes, "tx_bytes": s.TxBytes,
		"rx_errors": s.RxErrors, "tx_errors": s.TxErrors,
		"rx_dropped": s.RxDropped, "tx_dropped": s.TxDropped,
		"multicast": s.Multicast, "collisions": s.Collisions,
		"rx_crc_errors": s.RxCrcErrors, "rx_length_errors": s.RxLengthErrors,
		"rx_over_errors": s.RxOverErrors, "rx_missed_errors": s.RxMissedErrors,
	}[name]
	return v, ok
}
