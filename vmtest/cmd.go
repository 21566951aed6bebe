package vmtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// A Cmd is a command to run inside a machine. It looks and works like
// [os/exec.Cmd]: fill in the fields, then Start and Wait, or Run. A Cmd is used once.
type Cmd struct {
	// Args is the program, looked up in the command's PATH, and its arguments.
	Args []string
	// Env is the environment as KEY=value; nil is [DefaultEnv]. What
	// package guest says of the machine is added, and GODEBUG if it is not set.
	Env []string
	// Dir is the working directory; "" is /.
	Dir string
	// Stdin is the standard input; nil is empty.
	Stdin io.Reader
	// Stdout and Stderr get the outputs, apart; nil discards. A writer that
	// blocks holds back its own stream only.
	Stdout, Stderr io.Writer
	// Terminal, if not nil, runs the command on a terminal of this size
	// instead of pipes. Both outputs then come on Stdout.
	Terminal *WindowSize

	// ProcessState is how the command ended, after Wait.
	ProcessState *ProcessState

	log      string // of the kernel, if it came along with the end
	logWhole bool

	machine *Machine
	ctx     context.Context
	talk    *commandTalk
	id      uint16
	copying sync.WaitGroup
}

// WindowSize is the size of a terminal in characters.
type WindowSize struct{ Rows, Cols uint16 }

// DefaultEnv is what a command finds if it is given no environment.
var DefaultEnv = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root", "TMPDIR=/tmp", "TERM=dumb", "LANG=C.UTF-8",
}

// ProcessState is how a command ended.
type ProcessState struct {
	Code       int            // exit status, -1 if a signal ended it
	Signal     syscall.Signal // that ended it, or 0
	UserTime   time.Duration  // in the guest
	SystemTime time.Duration
	OOMKills   int // processes of the command that the out-of-memory killer took
	ForkLimit  int // forks refused because there were too many processes
	// Started is when it was started, by the guest's clock.
	Started time.Time
}

// String says it as os.ProcessState does.
func (s *ProcessState) String() string {
	if s.Signal != 0 {
		return "signal: " + s.Signal.String()
	}
	return fmt.Sprintf("exit status %d", s.Code)
}

// An ExitError is a command that ran and ended otherwise than with status 0.
type ExitError struct{ ProcessState }

// Error implements error.
func (e *ExitError) Error() string { return e.ProcessState.String() }

// Command makes a command to run inside the machine. When ctx is done before
// it ends, the command is killed.
func (m *Machine) Command(ctx context.Context, name string, args ...string) *Cmd {
	return &Cmd{Args: append([]string{name}, args...), machine: m, ctx: ctx}
}

// Zygote makes the command that the process parked in this clone goes on as (see
// [Payload]); args[0] is its name. It returns nil if no process is parked.
func (m *Machine) Zygote(ctx context.Context, args ...string) *Cmd {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.zygote
	if c == nil {
		return nil
	}
	m.zygote = nil
	c.Args, c.ctx = args, ctx
	return c
}

// Start starts the command. It does not wait until it runs.
func (c *Cmd) Start() error {
	if len(c.Args) == 0 {
		return errors.New("run in guest: no command")
	}
	body := c.body()
	if c.Terminal != nil {
		body.TTY, body.Rows, body.Cols = true, uint32(c.Terminal.Rows), uint32(c.Terminal.Cols)
	}
	if body.Continue = c.talk != nil; !body.Continue {
		c.openTalk()
	}
	return c.begin(body)
}

func (c *Cmd) body() wire.RunBody {
	env := c.Env
	if env == nil {
		env = DefaultEnv
	}
	env = append(slices.Clone(env), guest.EnvKernel+"="+c.machine.image.Name,
		guest.EnvSlowdown+"="+strconv.Itoa(int(c.machine.accel.Scale(1))))
	if !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "GODEBUG=") }) {
		env = append(env, quietGo)
	}
	return wire.RunBody{Argv: c.Args, Env: env, Dir: cmp.Or(c.Dir, "/")}
}

// quietGo keeps Go programs from looking at their cgroup's CPU limit every second,
// with the world stopped, and first of all right after each clone's start.
const quietGo = "GODEBUG=updatemaxprocs=0"

func (c *Cmd) zygoteFrame() wire.Frame {
	b := c.body()
	b.Zygote = true
	return wire.Frame{Type: wire.Run, ID: c.id, Body: b.Marshal()}
}

func (c *Cmd) openTalk() {
	c.talk = newCommandTalk()
	c.id = c.machine.open(c.talk)
	c.talk.passedBy(c)
}

func (c *Cmd) begin(body wire.RunBody) error {
	if err := c.machine.send(wire.Frame{Type: wire.Run, ID: c.id, Body: body.Marshal()}); err != nil {
		c.machine.close(c.id)
		return err
	}
	c.copying.Go(func() { c.deliver(c.talk.stdout, c.Stdout) })
	c.copying.Go(func() { c.deliver(c.talk.stderr, c.Stderr) })
	go c.feed()
	return nil
}

func (c *Cmd) deliver(from *wire.Inbox, to io.Writer) {
	if to == nil {
		to = io.Discard
	}
	_, _ = from.WriteTo(to) // as exec.Cmd: the command decides, not its reader
}

func (c *Cmd) feed() {
	in := c.Stdin
	if in == nil {
		in = bytes.NewReader(nil)
	}
	// An error is the command's end, or the guest's: Wait tells.
	_ = wire.Copy(func(f wire.Frame) error { return c.machine.send(f) }, c.id, wire.Stdin, c.talk.stdin, in)
}

// Wait waits until the command has ended and all its output is delivered. Its
// error is an *ExitError if it ended badly, ErrGuestGone if the machine ended
// first, the context's if that was done first.
func (c *Cmd) Wait() error {
	stop := context.AfterFunc(c.ctx, c.cancel)
	exit, ok := <-c.talk.ended
	stop()
	c.talk.stdin.Close()
	c.copying.Wait()
	c.machine.close(c.id)
	switch {
	case !ok && c.ctx.Err() != nil, ok && exit.Signal == uint32(syscall.SIGKILL) && c.ctx.Err() != nil:
		return fmt.Errorf("run %s in guest: %w", c.Args[0], context.Cause(c.ctx))
	case !ok:
		return fmt.Errorf("run %s in guest: %w", c.Args[0], ErrGuestGone)
	case exit.Err != "":
		return fmt.Errorf("run %s in guest: %s", c.Args[0], exit.Err)
	}
	c.log, c.logWhole = exit.Log, exit.LogWhole
	c.ProcessState = &ProcessState{
		Code:       int(exit.Code),
		Signal:     syscall.Signal(exit.Signal),
		UserTime:   time.Duration(exit.UserNs),
		SystemTime: time.Duration(exit.SystemNs),
		OOMKills:   int(exit.OOMKills),
		ForkLimit:  int(exit.PidsMax),
		Started:    time.Unix(0, exit.StartNs),
	}
	if exit.Code != 0 {
		return &ExitError{*c.ProcessState}
	}
	return nil
}

// killGrace is how long a killed command may take to be gone before it is
// given up; the machine has other troubles then.
const killGrace = 2 * time.Second

func (c *Cmd) cancel() {
	_ = c.Signal(syscall.SIGKILL)
	time.AfterFunc(killGrace, c.talk.lost)
}

// Run starts the command and waits for its end.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns its standard output.
func (c *Cmd) Output() ([]byte, error) {
	var b bytes.Buffer
	c.Stdout = &b
	err := c.Run()
	return b.Bytes(), err
}

// CombinedOutput runs the command and returns both outputs in the order they came.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	var b lockedBuffer
	c.Stdout, c.Stderr = &b, &b
	err := c.Run()
	return b.Bytes(), err
}

// Signal sends a signal to the command. After its end nothing happens.
func (c *Cmd) Signal(s syscall.Signal) error {
	return c.machine.send(wire.Frame{Type: wire.Signal, ID: c.id, Body: binary.BigEndian.AppendUint32(nil, uint32(s))})
}

// Resize tells the command's terminal its new size.
func (c *Cmd) Resize(w WindowSize) error {
	b := binary.BigEndian.AppendUint16(nil, w.Rows)
	return c.machine.send(wire.Frame{Type: wire.Resize, ID: c.id, Body: binary.BigEndian.AppendUint16(b, w.Cols)})
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// commandTalk is the conversation about one command.
type commandTalk struct {
	stdin          *wire.Gate
	stdout, stderr *wire.Inbox
	parked         chan struct{}
	ended          chan wire.ExitBody // closed without a value if the guest is gone
	passed         func(s wire.Stream, n int)
	end            sync.Once
}

func newCommandTalk() *commandTalk {
	t := &commandTalk{stdin: wire.NewGate(), parked: make(chan struct{}, 1), ended: make(chan wire.ExitBody, 1)}
	t.passed = func(wire.Stream, int) {}
	t.stdout = wire.NewInbox(func(n int) { t.passed(wire.Stdout, n) })
	t.stderr = wire.NewInbox(func(n int) { t.passed(wire.Stderr, n) })
	return t
}

// passedBy makes what the command's readers take known to the guest.
func (t *commandTalk) passedBy(c *Cmd) {
	t.passed = func(s wire.Stream, n int) { _ = c.machine.send(wire.CreditFrame(c.id, s, n)) }
}

func (t *commandTalk) frame(f wire.Frame) {
	switch f.Type {
	case wire.Data:
		if s, p, err := wire.SplitData(f.Body); err == nil && s == wire.Stderr {
			t.stderr.Push(p)
		} else if err == nil {
			t.stdout.Push(p)
		}
	case wire.Credit:
		if _, n, err := wire.SplitCredit(f.Body); err == nil {
			t.stdin.Give(n)
		}
	case wire.Parked:
		t.parked <- struct{}{}
	case wire.Exit:
		var x wire.ExitBody
		if err := x.Unmarshal(f.Body); err != nil {
			x = wire.ExitBody{Code: -1, Err: err.Error()}
		}
		t.finish(func() { t.ended <- x })
	}
}

func (t *commandTalk) lost() { t.finish(func() { close(t.ended) }) }

func (t *commandTalk) finish(tell func()) {
	t.end.Do(func() {
		tell()
		t.stdin.Close()
		t.stdout.Push(nil)
		t.stderr.Push(nil)
	})
}
