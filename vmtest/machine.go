package vmtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// A Machine is a running VM. Its methods are safe for concurrent use.
type Machine struct {
	image *kernels.Image
	shape Shape
	accel Accel
	proc  *process
	ready wire.ReadyBody

	writing sync.Mutex
	gone    chan struct{} // closed when the agent's port has ended

	mu     sync.Mutex
	lastID uint16
	talks  map[uint16]talk
	zygote *Cmd // parked, or nil
}

// A talk is one conversation with the agent. Its methods are called from the one
// goroutine that reads the control port and must not block.
type talk interface {
	frame(f wire.Frame)
	lost() // the agent is gone: no frame comes any more
}

// newMachine takes over a QEMU whose agent will speak, or speaks already.
func newMachine(p *process, spec machineSpec) *Machine {
	return &Machine{
		image: spec.image, shape: spec.shape, accel: spec.accel, proc: p,
		gone: make(chan struct{}), talks: map[uint16]talk{},
	}
}

// listen reads the control port for as long as there is an agent. first gets
// every frame of no conversation, which only a starting machine sends.
func (m *Machine) listen(first func(wire.Frame)) {
	defer m.hangUp()
	r := bufio.NewReaderSize(m.proc.control, 64<<10)
	for {
		f, err := wire.Read(r)
		if err != nil {
			return
		}
		if f.Type == wire.Ready || f.Type == wire.Awake {
			first(f)
			continue
		}
		m.mu.Lock()
		t := m.talks[f.ID]
		m.mu.Unlock()
		if t != nil {
			t.frame(f)
		}
	}
}

func (m *Machine) hangUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.gone)
	for _, t := range m.talks {
		t.lost()
	}
}

// send writes frames to the agent in one piece.
func (m *Machine) send(frames ...wire.Frame) error {
	var b []byte
	for _, f := range frames {
		b = f.Append(b)
	}
	m.writing.Lock()
	defer m.writing.Unlock()
	if _, err := m.proc.control.Write(b); err != nil {
		return fmt.Errorf("talk to the guest: %w", ErrGuestGone)
	}
	return nil
}

// open begins a conversation.
func (m *Machine) open(t talk) uint16 {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.lastID++; m.talks[m.lastID] != nil || m.lastID == 0; m.lastID++ {
	}
	m.talks[m.lastID] = t
	select {
	case <-m.gone:
		t.lost()
	default:
	}
	return m.lastID
}

func (m *Machine) close(id uint16) {
	m.mu.Lock()
	delete(m.talks, id)
	m.mu.Unlock()
}

// ErrGuestGone means that the guest's agent no longer answers: the kernel
// panicked, the machine powered off, or QEMU ended. [Machine.Console] tells.
var ErrGuestGone = errors.New("the guest is gone")

// awaitReady waits for the agent of a booting machine.
func (m *Machine) awaitReady(ctx context.Context) error {
	came := make(chan error, 1)
	go m.listen(func(f wire.Frame) { came <- m.ready.Unmarshal(f.Body) })
	select {
	case err := <-came:
		return err
	case <-m.gone:
		return ErrGuestGone
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wake renews a clone and sees that its agent answers.
func (m *Machine) wake(ctx context.Context, limit time.Duration) error {
	q := wire.WakeBody{UnixNano: time.Now().UnixNano()}
	_, _ = rand.Read(q.Nonce[:]) // never fails (crypto/rand)
	_, _ = rand.Read(q.Seed[:])
	came := make(chan error, 1)
	go m.listen(func(f wire.Frame) {
		var a wire.AwakeBody
		err := a.Unmarshal(f.Body)
		switch {
		case err != nil:
		case a.Nonce != q.Nonce:
			err = errors.New("it answered an old question")
		case a.Err != "":
			err = errors.New(a.Err)
		}
		came <- err
	})
	if err := m.send(wire.Frame{Type: wire.Wake, Body: q.Marshal()}); err != nil {
		return err
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-came:
		return err
	case <-m.gone:
		return ErrGuestGone
	case <-timer.C:
		return fmt.Errorf("no answer within %v", limit)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Image returns the kernel the machine runs.
func (m *Machine) Image() *kernels.Image { return m.image }

// Shape returns the hardware of the machine.
func (m *Machine) Shape() Shape { return m.shape }

// Accel returns what executes the guest's code.
func (m *Machine) Accel() Accel { return m.accel }

// Release returns what uname -r prints inside.
func (m *Machine) Release() string { return m.ready.Release }

// Warnings returns what the agent missed of this kernel when it booted.
func (m *Machine) Warnings() []string { return m.ready.Warnings }

// Console returns the end of what came over the serial line since the machine
// was booted or cloned.
func (m *Machine) Console() string { return m.proc.console.String() }

// Gone is closed when the guest's agent no longer answers.
func (m *Machine) Gone() <-chan struct{} { return m.gone }

// Close ends the machine at once. Nothing of it is left.
func (m *Machine) Close() { m.proc.kill() }

// CPUTime returns what the machine has cost the host, after Close.
func (m *Machine) CPUTime() time.Duration {
	select {
	case <-m.proc.ended:
		return m.proc.cpu
	default:
		return 0
	}
}

// KernelLog returns what the kernel has logged since the machine was cloned, as
// lines of /dev/kmsg.
func (m *Machine) KernelLog(ctx context.Context) (string, error) {
	log, err := m.collect(ctx, wire.Log)
	return withoutMark(log), err
}

// withoutMark takes out what the agent itself has written.
func withoutMark(log string) string {
	var kept strings.Builder
	for line := range strings.Lines(log) {
		if !strings.HasSuffix(line, ";"+wire.LogMark+"\n") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// Stacks returns what every task inside is doing.
func (m *Machine) Stacks(ctx context.Context) (string, error) {
	return m.collect(ctx, wire.Stacks)
}

// collect asks for one stream of text.
func (m *Machine) collect(ctx context.Context, ask wire.Type) (string, error) {
	q := newQueue()
	id := m.open(q)
	defer m.close(id)
	if err := m.send(wire.Frame{Type: ask, ID: id}); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, q.lost)
	defer stop()
	var text []byte
	for {
		f, ok := q.next()
		if !ok {
			return string(text), errors.Join(ctx.Err(), goneUnless(ctx.Err()))
		}
		switch f.Type {
		case wire.Data:
			_, p, err := wire.SplitData(f.Body)
			if err != nil {
				return string(text), err
			}
			text = append(text, p...)
			if err := m.send(wire.CreditFrame(id, wire.Stdout, len(p))); err != nil {
				return string(text), err
			}
		case wire.Done:
			return string(text), doneError(f)
		}
	}
}

func goneUnless(err error) error {
	if err == nil {
		return ErrGuestGone
	}
	return nil
}

// doneError is the agent's answer to a request.
func doneError(f wire.Frame) error {
	if len(f.Body) == 0 {
		return nil
	}
	return errors.New(string(f.Body))
}

// isNotThere tells whether the agent said that there is no such file.
func isNotThere(err error) bool { return strings.HasSuffix(err.Error(), ": "+syscall.ENOENT.Error()) }

// queue is a talk whose frames are taken one after the other.
type queue struct {
	mu     sync.Mutex
	change *sync.Cond
	frames []wire.Frame
	ended  bool
}

func newQueue() *queue {
	q := &queue{}
	q.change = sync.NewCond(&q.mu)
	return q
}

func (q *queue) frame(f wire.Frame) {
	q.mu.Lock()
	q.frames = append(q.frames, f)
	q.mu.Unlock()
	q.change.Signal()
}

func (q *queue) lost() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.change.Broadcast()
}

// next returns false when no frame will come.
func (q *queue) next() (wire.Frame, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.frames) == 0 && !q.ended {
		q.change.Wait()
	}
	if len(q.frames) == 0 {
		return wire.Frame{}, false
	}
	f := q.frames[0]
	q.frames = q.frames[1:]
	return f, true
}

// FollowConsole copies what comes over the serial line from now on to w. It must
// be called before the machine does anything of interest, and once.
func (m *Machine) FollowConsole(w io.Writer) {
	m.proc.console.setFollow(func(p []byte) { _, _ = w.Write(p) })
}

func (m *Machine) setZygote(c *Cmd) {
	m.mu.Lock()
	m.zygote = c
	m.mu.Unlock()
}
