package verb

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/scenario/internal/traffic"
)

var traffics = []Verb{
	{"recv", "[-echo] NAME tcp|udp ADDR:PORT", "Listen, and take, or send back, what comes. Here [::] takes IPv4 too.", 3, 4, runRecv},
	{"send", "[-n N] [-cpu C] [-from ADDR] [-echo] [-wait DURATION] tcp|udp|icmp ADDR[:PORT] SIZE", "Send SIZE bytes, N times over; with -echo, as icmp always does, expect them back. Wait 10 s, or as said, for the peer.", 3, -1, runSend},
	{"close", "NAME…", "End listeners; connections that are open stay until their peer ends them.", 1, -1, runClose},
	{"received", "NAME [FIELD [OP N | -> VAR]]", "Print what a listener got: conns, ended, packets, bytes, wrong bytes.", 1, -1, runReceived},
}

func runRecv(s *State, args []string) error {
	o, args, err := options(args, "-echo")
	if err != nil {
		return err
	}
	if len(args) != 3 {
		return usagef("want NAME tcp|udp ADDR:PORT")
	}
	if s.sinks[args[0]] != nil {
		return usagef("there is a listener %s already", args[0])
	}
	sink, err := traffic.Listen(args[1], args[2], o.has("-echo"))
	if err != nil {
		return err
	}
	s.sinks[args[0]] = sink
	return nil
}

func runClose(s *State, args []string) error {
	for _, name := range args {
		sink := s.sinks[name]
		if sink == nil {
			return usagef("there is no listener %s", name)
		}
		delete(s.sinks, name)
		if err := sink.Close(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func runSend(s *State, args []string) error {
	o, args, err := options(args, "-n N", "-cpu C", "-from ADDR", "-echo", "-wait DURATION")
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
	patience, err := o.duration("-wait", 10*time.Second)
	if err != nil {
		return err
	}
	var sent traffic.Sent
	err = onCPU(o["-cpu"], func() (err error) {
		sent, err = traffic.Send(traffic.Message{
			Proto: args[0], To: args[1], From: o["-from"], Size: size, Count: count,
			Echo: o.has("-echo"), Patience: patience, Slowdown: s.slowdown,
		})
		return err
	})
	fmt.Fprintf(&s.out, "sent=%d bytes=%d echoed=%d\n", sent.Messages, sent.Bytes, sent.Echoed)
	return err
}

// onCPU calls f while the thread is bound to a CPU; "" is any.
func onCPU(cpu string, f func() error) error {
	if cpu == "" {
		return f()
	}
	n, err := strconv.Atoi(cpu)
	if err != nil || n < 0 {
		return usagef("CPU %q: want a number", cpu)
	}
	var before, only unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("read the CPUs to run on: %w", err)
	}
	only.Set(n)
	if err := unix.SchedSetaffinity(0, &only); err != nil {
		return fmt.Errorf("run on CPU %d: %w", n, err)
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

func runReceived(s *State, args []string) error {
	sink := s.sinks[args[0]]
	if sink == nil {
		return usagef("there is no listener %s: start it with recv %s", args[0], args[0])
	}
	c := sink.Counts()
	all := []field{{"conns", c.Conns}, {"ended", c.Ended}, {"packets", c.Packets}, {"bytes", c.Bytes}, {"wrong", c.Wrong}}
	return s.fields(all, args[1:])
}
