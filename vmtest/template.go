package vmtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest/guest"
)

// A Template is a machine that was booted once, frozen when its agent was up, and
// is there to be cloned. Its methods are safe for concurrent use.
type Template struct {
	lab     *Lab
	spec    machineSpec
	base    *Template // that this one was made from, or nil
	payload Payload

	mu     sync.Mutex
	frozen *frozen
}

// A Payload is what a template carries beyond the booted kernel.
type Payload struct {
	// Files are brought in.
	Files []File
	// Zygote, if not empty, is a program that is started and parks itself
	// (see package guest): each clone goes on from there as the command given
	// to [Machine.Zygote], without the 200 ms that the start of a Go program
	// costs in a fresh clone.
	Zygote string
	// Env is the environment the zygote starts with; nil is DefaultEnv. It is
	// best that of the command.
	Env []string
}

// Template returns the template of a kernel in a shape, making it if there is
// none yet.
func (l *Lab) Template(ctx context.Context, image *kernels.Image, shape Shape) (*Template, error) {
	spec, err := l.spec(ctx, image, shape)
	if err != nil {
		return nil, err
	}
	t := &Template{lab: l, spec: spec}
	if l.cfg.Fresh {
		return t, nil
	}
	return t, t.ensure(ctx)
}

// With returns a template that carries a payload too, making it if there is none.
func (t *Template) With(ctx context.Context, p Payload) (*Template, error) {
	d := &Template{lab: t.lab, spec: t.spec, base: t, payload: p}
	if t.lab.cfg.Fresh {
		return d, nil
	}
	return d, d.ensure(ctx)
}

// Image returns the kernel of the template's machines.
func (t *Template) Image() *kernels.Image { return t.spec.image }

// Accel returns what will execute the guest's code.
func (t *Template) Accel() Accel { return t.spec.accel }

// Clone starts a machine that is an exact copy of the frozen one but for its
// clock and its random numbers. A frozen machine that does not restore is made
// again, once; if that does not help, the clone is booted from nothing, and the
// lab's Notice hears of both.
func (t *Template) Clone(ctx context.Context) (*Machine, error) {
	if t.lab.cfg.Fresh {
		return t.cold(ctx)
	}
	m, err := t.restore(ctx)
	if err == nil || ctx.Err() != nil {
		return m, err
	}
	t.lab.notice("snapshot of kernel %s does not restore, making it again: %v", t.spec.image.Name, err)
	if err = t.remake(ctx); err == nil {
		m, err = t.restore(ctx)
	}
	if err == nil || ctx.Err() != nil {
		return m, err
	}
	t.lab.notice("snapshots of kernel %s do not work here, booting instead: %v", t.spec.image.Name, err)
	return t.cold(ctx)
}

// remake drops the frozen machine and those it was made from.
func (t *Template) remake(ctx context.Context) error {
	if t.base != nil {
		if err := t.base.remake(ctx); err != nil {
			return err
		}
	}
	t.mu.Lock()
	if t.frozen != nil {
		err := t.lab.store.drop(t.frozen.key)
		t.frozen.mem.Close()
		t.frozen = nil
		if err != nil {
			t.mu.Unlock()
			return err
		}
	}
	t.mu.Unlock()
	return t.ensure(ctx)
}

// cold boots a machine and brings the payload in: what a clone is, the long way.
func (t *Template) cold(ctx context.Context) (*Machine, error) {
	m, err := t.lab.boot(ctx, t.spec, nil)
	if err != nil {
		return nil, err
	}
	if t.base != nil {
		if err := m.load(ctx, t.payload); err != nil {
			m.Close()
			return nil, err
		}
	}
	return m, nil
}

// load brings a payload into a machine and waits until its zygote is parked.
func (m *Machine) load(ctx context.Context, p Payload) error {
	if err := m.Put(ctx, p.Files...); err != nil {
		return err
	}
	if p.Zygote == "" {
		return nil
	}
	c := m.Command(ctx, p.Zygote, guest.ParkArg)
	c.Env = p.Env
	return c.park()
}

// park starts the command as a zygote and waits until it has parked itself.
func (c *Cmd) park() error {
	c.openTalk()
	if err := c.machine.send(c.zygoteFrame()); err != nil {
		return err
	}
	select {
	case <-c.talk.parked:
		c.machine.setZygote(c)
		return nil
	case x, ok := <-c.talk.ended:
		if !ok {
			return ErrGuestGone
		}
		return &InfraError{fmt.Errorf("park %s: it ended with status %d instead: %s", c.Args[0], x.Code, x.Err)}
	case <-c.ctx.Done():
		return errors.Join(c.ctx.Err(), fmt.Errorf("park %s: it does not park itself", c.Args[0]))
	}
}
