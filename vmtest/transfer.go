package vmtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// A File is something to bring into a machine: the host's file Source, or a
// symbolic link to Link, or a directory, or the bytes of Data.
type File struct {
	// Path is where it goes, absolute. Directories above it are made.
	Path string
	// Mode holds the permissions and, for a directory, fs.ModeDir. Zero
	// means those of Source, or 0644.
	Mode   fs.FileMode
	Source string
	Link   string
	Data   []byte
	// ReadOnly makes the directory at Path, with all that was brought into it
	// before, one that can only be read. The other fields say nothing then.
	ReadOnly bool
}

// entry returns what to tell the guest and where the bytes come from.
func (f File) entry() (wire.EntryBody, io.ReadCloser, error) {
	e := wire.EntryBody{Path: path.Clean(f.Path), Kind: wire.File, Mode: uint32(f.Mode.Perm())}
	if !path.IsAbs(f.Path) {
		return e, nil, fmt.Errorf("bring %q into the guest: want an absolute path", f.Path)
	}
	switch {
	case f.ReadOnly:
		e.Kind = wire.Fixed
		return e, nil, nil
	case f.Link != "":
		e.Kind, e.Link = wire.Symlink, f.Link
		return e, nil, nil
	case f.Mode.IsDir():
		e.Kind = wire.Dir
		return e, nil, nil
	case f.Source == "":
		e.Size = int64(len(f.Data))
		if e.Mode == 0 {
			e.Mode = 0o644
		}
		return e, io.NopCloser(bytes.NewReader(f.Data)), nil
	}
	r, err := os.Open(f.Source)
	if err != nil {
		return e, nil, err
	}
	st, err := r.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("bring %s into the guest: not a regular file", f.Source)
	}
	if err != nil {
		r.Close()
		return e, nil, err
	}
	if e.Size = st.Size(); e.Mode == 0 {
		e.Mode = uint32(st.Mode().Perm())
	}
	return e, r, nil
}

// Put brings files into the machine, in order. When it returns without error they
// are there, whole.
func (m *Machine) Put(ctx context.Context, files ...File) error {
	t := &putTalk{queue: newQueue(), gate: wire.NewGate()}
	id := m.open(t)
	defer m.close(id)
	stop := context.AfterFunc(ctx, t.lost)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- m.sendFiles(t.gate, id, files) }()
	var first error
	for _, f := range files {
		answer, ok := t.next()
		if !ok {
			first = errors.Join(first, ctx.Err(), goneUnless(ctx.Err()))
			break
		}
		if err := doneError(answer); err != nil && first == nil {
			first = fmt.Errorf("bring %s into the guest: %w", f.Path, err)
		}
	}
	t.gate.Close()
	if err := <-sent; err != nil && !errors.Is(err, wire.ErrGateClosed) {
		return err
	}
	return first
}

// putTalk is the conversation about files on their way in.
type putTalk struct {
	*queue
	gate *wire.Gate
}

func (t *putTalk) frame(f wire.Frame) {
	if f.Type == wire.Credit {
		if _, n, err := wire.SplitCredit(f.Body); err == nil {
			t.gate.Give(n)
		}
		return
	}
	t.queue.frame(f)
}

func (t *putTalk) lost() {
	t.gate.Close()
	t.queue.lost()
}

// sendFiles does not wait for answers: a thousand small files are one stream.
func (m *Machine) sendFiles(g *wire.Gate, id uint16, files []File) error {
	send := func(f wire.Frame) error { return m.send(f) }
	for _, f := range files {
		e, r, err := f.entry()
		if err != nil {
			g.Close()
			m.talkOf(id).lost()
			return err
		}
		if err := m.send(wire.Frame{Type: wire.Put, ID: id, Body: e.Marshal()}); err != nil {
			return err
		}
		if r == nil {
			continue
		}
		err = wire.Copy(send, id, wire.Stdin, g, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) talkOf(id uint16) talk {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.talks[id]
}

// ReadFile returns the bytes of a file in the machine.
func (m *Machine) ReadFile(ctx context.Context, name string) ([]byte, error) {
	files, err := m.ReadTree(ctx, name)
	b, ok := files[path.Clean(name)]
	if err == nil && !ok {
		err = fmt.Errorf("read %s in guest: not a regular file", name)
	}
	return b, err
}

// ReadTree returns the bytes of a file in the machine, or of all regular files in
// a directory, by name.
func (m *Machine) ReadTree(ctx context.Context, name string) (map[string][]byte, error) {
	buffers := map[string]*bytes.Buffer{}
	err := m.get(ctx, wire.GetBody{Path: path.Clean(name)}, func(e wire.EntryBody) (io.WriteCloser, error) {
		if e.Kind != wire.File {
			return nil, nil
		}
		b := &bytes.Buffer{}
		buffers[e.Path] = b
		return nopCloser{b}, nil
	})
	files := map[string][]byte{}
	for name, b := range buffers {
		files[name] = b.Bytes()
	}
	return files, err
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// Get copies a file, or a directory with all that is in it, out of the machine to
// dst on the host, which must not exist. Nothing is written outside dst, whatever
// the guest says.
func (m *Machine) Get(ctx context.Context, name, dst string) error {
	name = path.Clean(name)
	if err := os.Mkdir(dst, 0o755); err != nil { // a root to confine what comes; a single file replaces it
		return err
	}
	root, err := os.OpenRoot(dst)
	if err != nil {
		return err
	}
	defer root.Close()
	return m.get(ctx, wire.GetBody{Path: name}, func(e wire.EntryBody) (io.WriteCloser, error) {
		rel, ok := relative(name, e.Path)
		if !ok {
			return nil, fmt.Errorf("copy %s out of the guest: it sent %q", name, e.Path)
		}
		mode := fs.FileMode(e.Mode).Perm()
		switch e.Kind {
		case wire.Dir:
			return nil, root.MkdirAll(rel, mode|0o700)
		case wire.Symlink:
			return nil, root.Symlink(e.Link, rel)
		}
		return root.OpenFile(rel, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o200)
	})
}

// relative places a path the guest named inside the copied tree.
func relative(top, name string) (string, bool) {
	if name == top {
		return filepath.Base(top), true
	}
	rel, ok := strings.CutPrefix(name, strings.TrimSuffix(top, "/")+"/")
	return filepath.Join(path.Base(top), filepath.FromSlash(rel)), ok && filepath.IsLocal(filepath.FromSlash(rel))
}

// get runs the conversation about files on their way out. create returns where an
// entry's bytes go; nil for one without.
func (m *Machine) get(ctx context.Context, what wire.GetBody, create func(wire.EntryBody) (io.WriteCloser, error)) error {
	q := newQueue()
	id := m.open(q)
	defer m.close(id)
	stop := context.AfterFunc(ctx, q.lost)
	defer stop()
	if err := m.send(wire.Frame{Type: wire.Get, ID: id, Body: what.Marshal()}); err != nil {
		return err
	}
	g := getter{create: create}
	for {
		f, ok := q.next()
		if !ok {
			return errors.Join(g.err, g.abort(), ctx.Err(), goneUnless(ctx.Err()))
		}
		n := g.take(f)
		if n > 0 {
			if err := m.send(wire.CreditFrame(id, wire.Stdout, n)); err != nil {
				return err
			}
		}
		if f.Type == wire.Done {
			return errors.Join(g.err, g.close(), doneError(f))
		}
	}
}

// getter writes what comes; after its first error it only counts.
type getter struct {
	create func(wire.EntryBody) (io.WriteCloser, error)
	out    io.WriteCloser
	err    error
}

// take handles a frame and returns how many bytes of a stream it held.
func (g *getter) take(f wire.Frame) int {
	switch f.Type {
	case wire.Entry:
		var e wire.EntryBody
		if err := errors.Join(g.close(), e.Unmarshal(f.Body)); err != nil && g.err == nil {
			g.err = err
		}
		if g.err == nil {
			if g.out, g.err = g.create(e); g.err != nil {
				g.out = nil
			}
		}
	case wire.Data:
		_, p, err := wire.SplitData(f.Body)
		if err == nil && g.err == nil && g.out != nil {
			_, err = g.out.Write(p)
		}
		if g.err == nil {
			g.err = err
		}
		return len(p)
	}
	return 0
}

func (g *getter) close() error {
	if g.out == nil {
		return nil
	}
	out := g.out
	g.out = nil
	return out.Close()
}

// abort ends a file that did not come whole: one that would take another's place
// does not.
func (g *getter) abort() error {
	if r, ok := g.out.(*replacement); ok {
		g.out = nil
		return r.drop()
	}
	return g.close()
}
