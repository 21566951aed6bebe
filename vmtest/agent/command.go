package main

import (
	"encoding/binary"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// A command is a process the host started, with its three streams.
type command struct {
	id             uint16
	pid            int
	started        int64 // by the clock that times of change are taken from
	stdin          *wire.Inbox
	stdout, stderr *wire.Gate
	terminal       *os.File // its controlling side, or nil
	park           *os.File // the zygote waits at the other end, or nil
	ended          chan wire.ExitBody
}

// straggle is how long the output of a command is read after its end while
// something it left behind holds the pipe open.
const straggle = 200 * time.Millisecond

func (s *supervisor) run(f wire.Frame) error {
	var q wire.RunBody
	if err := q.Unmarshal(f.Body); err != nil {
		return err
	}
	if q.Continue {
		return s.unpark(f.ID, f.Body)
	}
	c := &command{
		id:     f.ID,
		stdout: wire.NewGate(),
		stderr: wire.NewGate(),
		ended:  make(chan wire.ExitBody, 1),
	}
	c.stdin = wire.NewInbox(func(n int) { _ = s.port.send(wire.CreditFrame(c.id, wire.Stdin, n)) })
	if err := s.start(c, q); err != nil {
		x := wire.ExitBody{Code: -1, Err: err.Error()}
		return s.port.send(wire.Frame{Type: wire.Exit, ID: c.id, Body: x.Marshal()})
	}
	return nil
}

// start starts the command and all that carries its streams.
func (s *supervisor) start(c *command, q wire.RunBody) error {
	path, err := lookPath(q.Argv[0], q.Dir, q.Env)
	if err != nil {
		return err
	}
	f, err := openFiles(q)
	if err != nil {
		return err
	}
	defer f.closeTheirs()
	stop, stopper, err := os.Pipe() // closing one end makes the other readable
	if err != nil {
		f.closeOurs()
		return err
	}
	attr := &syscall.ProcAttr{Dir: q.Dir, Env: q.Env, Files: f.theirs(), Sys: &syscall.SysProcAttr{Setsid: true, Setctty: q.TTY}}
	s.mu.Lock()
	c.started = coarseClock()
	c.pid, err = spawn(path, q.Argv, attr)
	if err == nil {
		s.commands[c.id], s.pids[c.pid] = c, c
	}
	s.mu.Unlock()
	if err != nil {
		f.closeOurs()
		_, _ = stop.Close(), stopper.Close()
		return &os.PathError{Op: "start", Path: path, Err: err}
	}
	c.terminal, c.park = f.terminal, f.park
	if c.park != nil {
		go s.followPark(c)
	} else {
		pid := binary.BigEndian.AppendUint32(nil, uint32(c.pid))
		_ = s.port.send(wire.Frame{Type: wire.Started, ID: c.id, Body: pid})
	}
	go s.attend(c, f, stop, stopper)
	return nil
}

// attend carries the streams of a command and reports its end after the last byte.
func (s *supervisor) attend(c *command, f files, stop, stopper *os.File) {
	go func() {
		_, _ = c.stdin.WriteTo(f.stdin)
		f.endInput()
	}()
	var out sync.WaitGroup
	for _, o := range []struct {
		from   *os.File
		stream wire.Stream
		gate   *wire.Gate
	}{{f.stdout, wire.Stdout, c.stdout}, {f.stderr, wire.Stderr, c.stderr}} {
		if o.from != nil {
			out.Go(func() { _ = wire.Copy(s.port.send, c.id, o.stream, o.gate, &output{pipe: o.from, stop: stop}) })
		}
	}
	x := <-c.ended
	if c.park != nil {
		_ = stopper.Close() // it still holds its ends, and has written its last
	} else {
		straggler := time.AfterFunc(straggle, func() { _ = stopper.Close() })
		defer straggler.Stop()
	}
	out.Wait()
	x.StartNs = c.started
	if x.Code != 0 { // else the kernel's log says it, which the host reads anyway
		x.OOMKills, x.PidsMax = memoryEvents.count("oom_kill"), pidsEvents.count("max")
	}
	if c.park != nil {
		s.takeLog(&x)
	}
	s.mu.Lock()
	delete(s.commands, c.id)
	s.mu.Unlock()
	_ = s.port.send(wire.Frame{Type: wire.Exit, ID: c.id, Body: x.Marshal()})
	if c.park == nil { // a zygote's machine goes with it
		f.closeOurs()
		_, _ = stop.Close(), stopper.Close()
	}
}

// followPark tells the host that the zygote waits for its command, and later how
// that ended: a zygote says so itself and does not go (see guest.Exit).
func (s *supervisor) followPark(c *command) {
	var b [4]byte
	if n, _ := c.park.Read(b[:1]); n != 1 {
		return // it is gone: the reaper tells
	}
	_ = s.port.send(wire.Frame{Type: wire.Parked, ID: c.id})
	if _, err := io.ReadFull(c.park, b[:]); err == nil {
		c.end(wire.ExitBody{Code: int32(binary.BigEndian.Uint32(b[:]))})
	}
}

// end records how the command ended; the first word counts.
func (c *command) end(x wire.ExitBody) {
	select {
	case c.ended <- x:
	default:
	}
}

// unpark gives the parked zygote the command it was made for.
func (s *supervisor) unpark(id uint16, body []byte) error {
	s.mu.Lock()
	c := s.commands[id]
	s.mu.Unlock()
	if c == nil || c.park == nil {
		x := wire.ExitBody{Code: -1, Err: "no process is parked here"}
		return s.port.send(wire.Frame{Type: wire.Exit, ID: id, Body: x.Marshal()})
	}
	c.started = coarseClock()
	msg := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	_, err := c.park.Write(append(msg, body...))
	return err
}

// control sends a signal or a new terminal size to a command.
func (s *supervisor) control(f wire.Frame) error {
	s.mu.Lock()
	c := s.commands[f.ID]
	s.mu.Unlock()
	if c == nil {
		return nil // it has just ended
	}
	switch {
	case f.Type == wire.Signal && len(f.Body) == 4:
		_ = unix.Kill(c.pid, unix.Signal(binary.BigEndian.Uint32(f.Body)))
	case f.Type == wire.Resize && len(f.Body) == 4 && c.terminal != nil:
		ws := unix.Winsize{Row: binary.BigEndian.Uint16(f.Body), Col: binary.BigEndian.Uint16(f.Body[2:])}
		_ = unix.IoctlSetWinsize(int(c.terminal.Fd()), unix.TIOCSWINSZ, &ws)
	}
	return nil
}

// coarseClock is the clock that the kernel takes a file's time of change from.
func coarseClock() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts)
	return ts.Nano()
}
