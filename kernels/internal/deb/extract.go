package deb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// An Extractor lays archives out in a directory, links and all. Nothing it
// makes lies, or leads, outside.
type Extractor struct {
	// Root is the directory.
	Root *os.Root
	// Strip is how many leading elements of names to drop; what has no more
	// is passed over.
	Strip int
	// Wanted, if not nil, chooses entries by their name, after stripping.
	Wanted func(name string) bool
}

// Visit lays out one entry; it is for Walk and WalkTar.
func (x *Extractor) Visit(e *Entry) error {
	name := x.strip(e.Name)
	if name == "" || name == "." || x.Wanted != nil && !x.Wanted(name) {
		return nil
	}
	if err := x.Root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch {
	case e.Mode.IsDir():
		err := x.Root.Mkdir(name, 0o755)
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	case e.Hard:
		return x.Root.Link(x.strip(e.Link), name)
	case e.Mode&os.ModeSymlink != 0:
		target, err := inside(name, e.Link)
		if err != nil {
			return err
		}
		return x.Root.Symlink(target, name)
	}
	return x.file(name, e)
}

func (x *Extractor) strip(name string) string {
	for range x.Strip {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			return ""
		}
		name = rest
	}
	return name
}

// file writes a regular file. A second one of a name replaces the first, as in
// tar; of its mode, only who may execute it matters.
func (x *Extractor) file(name string, e *Entry) error {
	if err := x.Root.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := x.Root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|e.Mode&0o111)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, e)
	return errors.Join(err, f.Close())
}

// inside returns the target of a symbolic link as it must be for the link to
// stay in the tree: an absolute target is meant from the tree's root, and one
// that climbs out of it is refused.
func inside(name, target string) (string, error) {
	up := strings.Repeat("../", strings.Count(name, "/"))
	if strings.HasPrefix(target, "/") {
		return path.Join(up, path.Clean(target)), nil
	}
	if out := path.Join(path.Dir(name), target); out == ".." || strings.HasPrefix(out, "../") {
		return "", fmt.Errorf("%w: link %s leads out, to %q", ErrHostile, name, target)
	}
	return target, nil
}
