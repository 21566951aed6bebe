package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// put is a file on its way in. It is written where the frames are read: to a
// tmpfs that never blocks, and so it is whole before any later command runs.
type put struct {
	entry wire.EntryBody
	file  *os.File
	err   error // the first; what follows is dropped
}

func (s *supervisor) put(f wire.Frame) error {
	w := &put{}
	if err := w.entry.Unmarshal(f.Body); err != nil {
		return err
	}
	w.err = w.begin()
	if w.entry.Kind != wire.File {
		s.port.done(f.ID, w.err)
		return nil
	}
	s.mu.Lock()
	s.puts[f.ID] = w
	s.mu.Unlock()
	return nil
}

func (w *put) begin() (err error) {
	e := w.entry
	if i := strings.LastIndexByte(e.Path, '/'); i > 0 {
		if err := os.MkdirAll(e.Path[:i], 0o755); err != nil {
			return err
		}
	}
	switch e.Kind {
	case wire.Dir:
		if err := os.MkdirAll(e.Path, 0o755); err != nil {
			return err
		}
		return unix.Chmod(e.Path, e.Mode)
	case wire.Symlink:
		_ = os.Remove(e.Path)
		return os.Symlink(e.Link, e.Path)
	case wire.Fixed:
		return fix(e.Path)
	}
	// A running program cannot be written over, but it can be replaced.
	if err := os.Remove(e.Path); err != nil && !os.IsNotExist(err) {
		return err
	}
	w.file, err = os.OpenFile(e.Path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	return err
}

// fix makes a directory one that can only be read.
func fix(dir string) error {
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		return &os.PathError{Op: "mount", Path: dir, Err: err}
	}
	err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	if err != nil {
		return &os.PathError{Op: "mount read-only", Path: dir, Err: err}
	}
	return nil
}

// putData writes a piece of a file; an empty one completes it.
func (s *supervisor) putData(id uint16, w *put, p []byte) error {
	if len(p) > 0 {
		if w.err == nil {
			_, w.err = w.file.Write(p)
		}
		return s.port.send(wire.CreditFrame(id, wire.Stdin, len(p)))
	}
	s.mu.Lock()
	delete(s.puts, id)
	s.mu.Unlock()
	s.port.done(id, w.finish())
	return nil
}

func (w *put) finish() error {
	if w.file == nil {
		return w.err
	}
	if err := unix.Fchmod(int(w.file.Fd()), w.entry.Mode); w.err == nil {
		w.err = err
	}
	if err := w.file.Close(); w.err == nil {
		w.err = err
	}
	return w.err
}

// get sends a file, or all that is in a directory.
func (s *supervisor) get(id uint16, q wire.GetBody) {
	g, release := s.gate(id)
	defer release()
	s.port.done(id, s.sendTree(id, g, q))
}

func (s *supervisor) sendTree(id uint16, g *wire.Gate, q wire.GetBody) error {
	path := q.Path
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	e := wire.EntryBody{Path: path, Mode: st.Mode & 0o7777, Size: st.Size}
	old := st.Ctim.Nano() < q.SinceNs
	if old && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Kind = wire.File
		return s.sendFile(id, g, e)
	case unix.S_IFLNK:
		e.Kind = wire.Symlink
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		e.Link = link
	case unix.S_IFDIR:
		e.Kind = wire.Dir
	default:
		return nil // sockets, devices and the like mean nothing outside
	}
	if !old {
		err := s.port.send(wire.Frame{Type: wire.Entry, ID: id, Body: e.Marshal()})
		if err != nil || e.Kind != wire.Dir {
			return err
		}
	}
	entries, err := os.ReadDir(path)
	for _, c := range entries {
		if err == nil {
			err = s.sendTree(id, g, wire.GetBody{Path: path + "/" + c.Name(), SinceNs: q.SinceNs})
		}
	}
	return err
}

func (s *supervisor) sendFile(id uint16, g *wire.Gate, e wire.EntryBody) error {
	f, err := os.Open(e.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.port.send(wire.Frame{Type: wire.Entry, ID: id, Body: e.Marshal()}); err != nil {
		return err
	}
	return wire.Copy(s.port.send, id, wire.Stdout, g, f)
}
