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
	"time"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// Fetch brings what has changed in the machine since a time by its clock (see
// [ProcessState]) out to the host: a file, or the regular files of a directory. They
// take the places of those of the same names below dst, which is made if need be; a
// file that is equal is left alone, and none that is gone inside is removed. Nothing
// is written outside dst, whatever the guest says.
func (m *Machine) Fetch(ctx context.Context, name, dst string, since time.Time) error {
	name = path.Clean(name)
	f := &fetching{name: name, dst: dst}
	defer f.close()
	return m.get(ctx, wire.GetBody{Path: name, SinceNs: since.UnixNano()}, f.create)
}

// fetching is a Fetch on its way.
type fetching struct {
	name, dst string
	root      *os.Root // opened when there is something to write
	base      string   // in root, of name itself
}

// create returns where the bytes of an entry go.
func (f *fetching) create(e wire.EntryBody) (io.WriteCloser, error) {
	if e.Kind != wire.File {
		return nil, nil // directories come with their files
	}
	rel := "."
	if e.Path != f.name {
		var ok bool
		rel, ok = strings.CutPrefix(e.Path, strings.TrimSuffix(f.name, "/")+"/")
		if !ok || !filepath.IsLocal(filepath.FromSlash(rel)) {
			return nil, fmt.Errorf("copy %s out of the guest: it sent %q", f.name, e.Path)
		}
	}
	if err := f.open(rel == "."); err != nil {
		return nil, err
	}
	w := &replacement{root: f.root, name: filepath.Join(f.base, filepath.FromSlash(rel)), mode: fs.FileMode(e.Mode).Perm()}
	return w, w.begin()
}

// open opens the directory that confines what comes: dst, or, if what comes is a
// single file, the directory that dst is in.
func (f *fetching) open(single bool) (err error) {
	if f.root != nil {
		return nil
	}
	dir := f.dst
	if single {
		dir, f.base = filepath.Split(f.dst)
	}
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f.root, err = os.OpenRoot(dir)
	return err
}

func (f *fetching) close() {
	if f.root != nil {
		_ = f.root.Close()
	}
}

// replacement is a file written beside the one it replaces when it is whole.
type replacement struct {
	root *os.Root
	name string
	mode fs.FileMode
	file *os.File
}

// partly marks a file on its way.
const partly = ".assay-part"

func (r *replacement) begin() (err error) {
	if err := r.root.MkdirAll(filepath.Dir(r.name), 0o755); err != nil {
		return err
	}
	r.file, err = r.root.OpenFile(r.name+partly, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	return err
}

// Write implements io.Writer.
func (r *replacement) Write(p []byte) (int, error) { return r.file.Write(p) }

// Close puts the file in its place, unless an equal one is there.
func (r *replacement) Close() error {
	err := r.file.Chmod(r.mode | 0o200)
	same := err == nil && r.equal()
	if e := r.file.Close(); err == nil {
		err = e
	}
	if err != nil || same {
		return errors.Join(err, r.root.Remove(r.name+partly))
	}
	return r.root.Rename(r.name+partly, r.name)
}

// drop removes what came so far.
func (r *replacement) drop() error {
	return errors.Join(r.file.Close(), r.root.Remove(r.name+partly))
}

func (r *replacement) equal() bool {
	old, err := r.root.Open(r.name)
	if err != nil {
		return false
	}
	defer old.Close()
	a, err := old.Stat()
	if err != nil || !a.Mode().IsRegular() {
		return false
	}
	b, err := r.file.Stat()
	if err != nil || a.Size() != b.Size() {
		return false
	}
	return sameBytes(old, io.NewSectionReader(r.file, 0, b.Size()))
}

func sameBytes(a, b io.Reader) bool {
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(a, x)
		k, err2 := io.ReadFull(b, y)
		if n != k || !bytes.Equal(x[:n], y[:k]) {
			return false
		}
		if err != nil || err2 != nil {
			return errors.Is(err, err2)
		}
	}
}
