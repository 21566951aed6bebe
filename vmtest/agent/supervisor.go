package main

import (
	"errors"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// supervisor is the agent at work: what the host asked for and has not ended.
type supervisor struct {
	port   *port
	kmsg   int // open for reading, placed by wake; -1 without one
	random int // /dev/urandom, open for reseeding

	mu       sync.Mutex
	commands map[uint16]*command // by conversation
	pids     map[int]*command
	puts     map[uint16]*put       // files on their way in
	gates    map[uint16]*wire.Gate // streams on their way out that are no command's
}

// supervise is PID 1 for the rest of the machine's life. The machine is frozen
// for its clones while it waits for the first frame.
func supervise() {
	warnings := prepare()
	p, err := openPort()
	die("open control port", err)
	s := &supervisor{
		port:     p,
		commands: map[uint16]*command{},
		pids:     map[int]*command{},
		puts:     map[uint16]*put{},
		gates:    map[uint16]*wire.Gate{},
	}
	s.kmsg, err = unix.Open("/dev/kmsg", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		s.kmsg = -1
	}
	s.random, err = unix.Open("/dev/urandom", unix.O_RDWR|unix.O_CLOEXEC, 0)
	die("open /dev/urandom", err)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	go s.reap(ended)
	guest.Settle()
	die("say ready", p.send(wire.Frame{Type: wire.Ready, Body: readyBody(warnings).Marshal()}))
	for {
		f, err := wire.Read(p)
		die("read control port", err)
		die("handle frame "+f.Type.String(), s.handle(f))
	}
}

// handle does what a frame asks. Its error means that host and guest no longer
// understand each other; what goes wrong with a request is an answer.
func (s *supervisor) handle(f wire.Frame) error {
	switch f.Type {
	case wire.Wake:
		return s.wake(f.Body)
	case wire.Run:
		return s.run(f)
	case wire.Data:
		return s.data(f)
	case wire.Credit:
		return s.credit(f)
	case wire.Signal, wire.Resize:
		return s.control(f)
	case wire.Put:
		return s.put(f)
	case wire.Get:
		var q wire.GetBody
		if err := q.Unmarshal(f.Body); err != nil {
			return err
		}
		go s.get(f.ID, q)
	case wire.Log:
		go s.log(f.ID)
	case wire.Stacks:
		go s.stacks(f.ID)
	case wire.Bye:
		unix.Sync()
		return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	default:
		return errors.New("unknown type")
	}
	return nil
}

// data passes on a piece of what the host sends: standard input or a file.
func (s *supervisor) data(f wire.Frame) error {
	_, p, err := wire.SplitData(f.Body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	c, w := s.commands[f.ID], s.puts[f.ID]
	s.mu.Unlock()
	switch {
	case w != nil:
		return s.putData(f.ID, w, p)
	case c != nil:
		c.stdin.Push(p)
	}
	return nil // of a command that has ended: nobody reads it
}

// credit opens the gate of a stream that goes to the host.
func (s *supervisor) credit(f wire.Frame) error {
	stream, n, err := wire.SplitCredit(f.Body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	c, g := s.commands[f.ID], s.gates[f.ID]
	s.mu.Unlock()
	switch {
	case g != nil:
		g.Give(n)
	case c != nil && stream == wire.Stderr:
		c.stderr.Give(n)
	case c != nil:
		c.stdout.Give(n)
	}
	return nil
}

// gate makes the gate of an outgoing stream that is no command's.
func (s *supervisor) gate(id uint16) (g *wire.Gate, release func()) {
	g = wire.NewGate()
	s.mu.Lock()
	s.gates[id] = g
	s.mu.Unlock()
	return g, func() {
		s.mu.Lock()
		delete(s.gates, id)
		s.mu.Unlock()
	}
}

// reap waits for every process that ends: the commands, and the orphans that
// fall to PID 1.
func (s *supervisor) reap(ended <-chan os.Signal) {
	for range ended {
		for s.reapOne() {
		}
	}
}

func (s *supervisor) reapOne() bool {
	var status unix.WaitStatus
	var usage unix.Rusage
	// The lock is held over fork and registration too, so that a child that ends
	// at once is known by the time its status is taken.
	s.mu.Lock()
	defer s.mu.Unlock()
	pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &usage)
	if err == unix.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if c := s.pids[pid]; c != nil {
		delete(s.pids, pid)
		c.end(exitOf(status, usage))
	}
	return true
}

func exitOf(status unix.WaitStatus, usage unix.Rusage) wire.ExitBody {
	x := wire.ExitBody{Code: -1, UserNs: usage.Utime.Nano(), SystemNs: usage.Stime.Nano()}
	if status.Signaled() {
		x.Signal = uint32(status.Signal())
	} else {
		x.Code = int32(status.ExitStatus())
	}
	return x
}
