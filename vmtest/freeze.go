package vmtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/agentbin"
)

// ensure makes sure that there is a frozen machine.
func (t *Template) ensure(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.frozen != nil {
		return nil
	}
	key, err := t.key()
	if err != nil {
		return &InfraError{err}
	}
	t.frozen, err = t.lab.store.get(key, func(dir string) (frozenMeta, error) { return t.build(ctx, dir, key) })
	return err
}

// snapshotFormat changes when frozen machines of before must not be used any more.
const snapshotFormat = 1

// key names everything the frozen machine depends on.
func (t *Template) key() (string, error) {
	h := sha256.New()
	var err error
	if t.base != nil {
		err = t.payloadKey(h)
	} else {
		err = t.bootKey(h)
	}
	return hex.EncodeToString(h.Sum(nil))[:32], err
}

func (t *Template) bootKey(h hash.Hash) error {
	agent, err := agentbin.Bytes()
	if err != nil {
		return err
	}
	q, s := t.lab.qemu, t.spec
	fmt.Fprintln(h, snapshotFormat, q.Version, q.stamp, hostCPU(s.accel))
	fmt.Fprintf(h, "%q\n", arguments(s.devices(q, memory{mb: s.shape.MemoryMB, path: "file"})...))
	fmt.Fprintln(h, s.cmdline(), s.image.Digest, s.kernelFile() == s.image.Kernel)
	fmt.Fprintf(h, "%q %q %x\n", bootModules, wantedModules(s.image), sha256.Sum256(agent))
	return nil
}

func (t *Template) payloadKey(h hash.Hash) error {
	base := t.base.frozen
	fmt.Fprintf(h, "%s %s %q %q\n", base.key, base.meta.StateSHA256, t.payload.Zygote, t.payload.Env)
	for _, f := range t.payload.Files {
		e, r, err := f.entry()
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %c %o %d %q\n", e.Path, e.Kind, e.Mode, e.Size, e.Link)
		if r == nil {
			continue
		}
		_, err = io.Copy(h, r)
		r.Close()
		if err != nil {
			return fmt.Errorf("read %s: %w", f.Source, err)
		}
	}
	return nil
}

// settle lets a machine finish what it began, so that its clones need not.
const settle = 100 * time.Millisecond

// build makes a machine and freezes it into dir.
func (t *Template) build(ctx context.Context, dir, key string) (meta frozenMeta, err error) {
	var m *Machine
	if t.base == nil {
		m, err = t.buildBase(ctx, dir)
	} else {
		m, err = t.buildOnBase(ctx, dir, key)
	}
	if err != nil {
		return meta, err
	}
	defer m.Close()
	time.Sleep(settle)
	meta.Ready = m.ready
	if m.zygote != nil {
		meta.ZygoteID = m.zygote.id
	}
	if err := m.freeze(dir); err != nil {
		return meta, &InfraError{fmt.Errorf("freeze %s: %w", t.spec.image.Name, err)}
	}
	return meta, nil
}

func (t *Template) buildBase(ctx context.Context, dir string) (*Machine, error) {
	t.lab.notice("booting kernel %s (%s) once, to clone it from then on", t.spec.image.Name, t.spec.shape.Name)
	mem, err := memFile(dir, t.spec.shape.MemoryMB)
	if err != nil {
		return nil, &InfraError{err}
	}
	defer mem.Close()
	return t.lab.boot(ctx, t.spec, mem)
}

// buildOnBase clones the base with its memory in a file of its own, and loads the
// payload.
func (t *Template) buildOnBase(ctx context.Context, dir, key string) (*Machine, error) {
	if err := t.base.ensure(ctx); err != nil {
		return nil, err
	}
	mem, err := memFile(dir, t.spec.shape.MemoryMB)
	if err != nil {
		return nil, &InfraError{err}
	}
	defer mem.Close()
	if err := copySparse(mem, t.base.frozen.mem); err != nil {
		return nil, &InfraError{fmt.Errorf("copy memory of %s: %w", t.spec.image.Name, err)}
	}
	m, err := t.base.thaw(ctx, mem, true)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(m.load(ctx, t.payload), t.unchanged(key)); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// unchanged sees that the payload is still what the key was made of: a program that
// is rebuilt while it is loaded must not be kept under the name of the old one.
func (t *Template) unchanged(key string) error {
	now, err := t.key()
	if err == nil && now != key {
		err = &InfraError{errors.New("the files of the payload have changed while they were brought in\ntry again")}
	}
	return err
}

// freeze saves the state of the machine, whose memory is dir/mem, and ends it.
func (m *Machine) freeze(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "state"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.proc.monitor.save(f); err != nil {
		return m.proc.fail(err)
	}
	if err := m.proc.quit(m.accel.Scale(monitorLimit)); err != nil {
		return m.proc.fail(err)
	}
	return f.Sync()
}

// restore starts a clone.
func (t *Template) restore(ctx context.Context) (*Machine, error) {
	t.mu.Lock()
	f := t.frozen
	t.mu.Unlock()
	if f == nil {
		return nil, errors.New("there is no snapshot")
	}
	return t.thaw(ctx, f.mem, false)
}

// thaw starts a machine from the frozen state on the given memory.
func (t *Template) thaw(ctx context.Context, mem *os.File, shared bool) (*Machine, error) {
	ours, theirs, err := socketpair()
	if err != nil {
		return nil, &InfraError{err}
	}
	defer theirs.Close()
	go func() {
		defer ours.Close()
		_, _ = ours.Write(t.frozen.state) // if QEMU does not take it, it says so itself
	}()
	ram := memory{mb: t.spec.shape.MemoryMB, path: inherited(fdMemory), shared: shared}
	args := arguments(append(t.spec.devices(t.lab.qemu, ram), incoming{})...)
	p, err := startQEMU(t.lab.qemu.Path, args, t.spec.accel.Scale(monitorLimit), mem, theirs)
	if err != nil {
		return nil, err
	}
	if err := p.monitor.load(fdState); err != nil {
		return nil, p.fail(err)
	}
	if err := p.monitor.do("cont", nil); err != nil {
		return nil, p.fail(err)
	}
	m := newMachine(p, t.spec)
	m.ready = t.frozen.meta.Ready
	m.adoptZygote(t)
	if err := m.wake(ctx, t.spec.accel.Scale(wakeLimit)); err != nil {
		return nil, p.fail(fmt.Errorf("wake clone of %s: %w", t.spec.image.Name, err))
	}
	return m, nil
}

// adoptZygote takes up the conversation that was frozen with the machine.
func (m *Machine) adoptZygote(t *Template) {
	id := t.frozen.meta.ZygoteID
	if id == 0 {
		return
	}
	c := &Cmd{Args: []string{"zygote"}, machine: m, id: id, talk: newCommandTalk()}
	c.talk.passedBy(c)
	m.talks[id], m.zygote, m.lastID = c.talk, c, id
}

// copySparse makes dst the copy of a file with holes, in no time where the file
// system can share blocks.
func copySparse(dst, src *os.File) error {
	if unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) == nil {
		return nil
	}
	for off := int64(0); ; {
		data, err := unix.Seek(int(src.Fd()), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // only holes to the end
			return nil
		}
		if err != nil {
			return err
		}
		hole, err := unix.Seek(int(src.Fd()), data, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.NewOffsetWriter(dst, data), io.NewSectionReader(src, data, hole-data)); err != nil {
			return err
		}
		off = hole
	}
}
