package verb

import (
	"fmt"
	"strconv"

	"github.com/assay-lab/assay/vmtest/scenario/internal/traffic"
)

var traffics = []Verb{
	{"recv", "[-echo] NAME tcp|udp ADDR:PORT", "Listen, and take, or send back, what comes. Here [::] takes IPv4 too.", 3, 4, runRecv},
	{"send", "[-n N] [-from ADDR] [-echo] tcp|udp|icmp ADDR[:PORT] SIZE", "Send SIZE bytes, N times over; with -echo, as icmp always does, expect them back.", 3, -1, runSend},
	{"received", "NAME [FIELD [OP N | -> VAR]]", "Print what a listener got: conns, ended, packets, bytes, wrong bytes.", 1, -1, runReceived},
}

type trafficState struct {
	sinks map[string]*traffic.Sink
}

func runRecv(s *State, args []string) error {
	o, args, err := options(args, "-echo")
	if err != nil {
		return err
	}
	if len(args) != 3 {
		return usagef("want NAME tcp|udp ADDR:PORT")
	}
	if s.traffic.sinks[args[0]] != nil {
		return usagef("there is a listener %s already", args[0])
	}
	sink, err := traffic.Listen(args[1], args[2], o.has("-echo"))
	if err != nil {
		return err
	}
	if s.traffic.sinks == nil {
		s.traffic.sinks = map[string]*traffic.Sink{}
	}
	s.traffic.sinks[args[0]] = sink
	return nil
}

func runSend(s *State, args []string) error {
	o, args, err := options(args, "-n N", "-from ADDR", "-echo")
	if err != nil {
		return err
	}
	if len(args) != 3 {
		return usagef("want tcp|udp|icmp ADDR[:PORT] SIZE")
	}
	count, err := o.number("-n", 1)
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(args[2])
	if err != nil || size < 0 {
		return usagef("size %q: want a number of bytes", args[2])
	}
	sent, err := traffic.Send(traffic.Message{
		Proto: args[0], To: args[1], From: o["-from"], Size: size, Count: count,
		Echo: o.has("-echo"), Patience: s.patience(),
	})
	fmt.Fprintf(&s.out, "sent=%d bytes=%d echoed=%d\n", sent.Messages, sent.Bytes, sent.Echoed)
	return err
}

func runReceived(s *State, args []string) error {
	sink := s.traffic.sinks[args[0]]
	if sink == nil {
		return usagef("there is no listener %s: start it with recv %s", args[0], args[0])
	}
	c := sink.Counts()
	all := []field{{"conns", c.Conns}, {"ended", c.Ended}, {"packets", c.Packets}, {"bytes", c.Bytes}, {"wrong", c.Wrong}}
	return s.fields(all, args[1:])
}
