// Package deb reads Debian binary packages (deb(5)), streaming, in bounded
// memory, and trusting nothing in them: a package that is cut short, expands
// without end, or names files outside its own tree is refused.
package deb

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/compress"
)

// Errors for packages that are refused.
var (
	// ErrHostile is returned for an archive that tries to reach outside its tree.
	ErrHostile = errors.New("hostile archive")
	// ErrTooBig is returned for an archive that exceeds its Limits.
	ErrTooBig = errors.New("archive is too big")
)

// Limits bounds what Walk and WalkTar accept. A zero field takes its default.
type Limits struct {
	Bytes   int64 // of the uncompressed archive, and of its files; default 4 GiB
	Entries int   // files, directories and links; default 200,000
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = 4 << 30
	}
	if l.Entries == 0 {
		l.Entries = 200_000
	}
	return l
}

// An Entry is one file, directory or link of an archive. Its contents are read
// from the Entry itself, during the visit only.
type Entry struct {
	// Name is the path in the archive's tree: relative, clean, slash-separated.
	Name string
	// Mode has the permission bits and the type bits.
	Mode fs.FileMode
	// Size is the length of a regular file in bytes.
	Size int64
	// Link is the target of a link, as the archive states it.
	Link string
	// Hard tells that a link is a hard link, whose Link is a Name.
	Hard bool
	io.Reader
}

// Walk calls visit for every entry of the package in r. It stops at the first
// error. Entries that are neither file, directory nor link are refused.
func Walk(r io.Reader, lim Limits, visit func(*Entry) error) error {
	a, err := newAr(r)
	if err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	name, _, err := a.next()
	if err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	if name != "debian-binary" {
		return fmt.Errorf("read package: first member is %q, not debian-binary", name)
	}
	for {
		name, _, err := a.next()
		if err == io.EOF {
			return errors.New("read package: it has no data.tar: the file is cut short or not a Debian package")
		}
		if err != nil {
			return fmt.Errorf("read package: %w", err)
		}
		if strings.HasPrefix(name, "data.tar") {
			return WalkTar(a, lim, visit)
		}
	}
}

// WalkTar is Walk for a tar archive, compressed or not.
func WalkTar(r io.Reader, lim Limits, visit func(*Entry) error) error {
	lim = lim.withDefaults()
	rc, _, err := compress.OpenAny(r)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	defer rc.Close()
	t := tar.NewReader(&capped{r: rc, left: lim.Bytes})
	left := lim.Bytes
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if n == lim.Entries {
			return fmt.Errorf("read archive: %w: more than %d entries", ErrTooBig, n)
		}
		// What files hold is counted besides what the archive has: a sparse
		// file is mostly holes, which take no room in the archive.
		if left -= h.Size; left < 0 {
			return fmt.Errorf("read archive: %w: files of more than %d bytes", ErrTooBig, lim.Bytes)
		}
		e, err := entry(h, t)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		if err := visit(e); err != nil {
			return err
		}
	}
}

// entry checks and converts a tar header, to nil for one that carries nothing.
func entry(h *tar.Header, r io.Reader) (*Entry, error) {
	name, err := cleanName(h.Name)
	if err != nil {
		return nil, err
	}
	e := &Entry{Name: name, Mode: h.FileInfo().Mode().Perm(), Size: h.Size, Reader: r}
	switch h.Typeflag {
	case tar.TypeReg:
		return e, nil
	case tar.TypeDir:
		e.Mode |= fs.ModeDir
		return e, nil
	case tar.TypeSymlink:
		e.Mode |= fs.ModeSymlink
		e.Link = h.Linkname
		return e, nil
	case tar.TypeLink:
		e.Hard = true
		e.Link, err = cleanName(h.Linkname)
		return e, err
	case tar.TypeXGlobalHeader:
		return nil, nil // git archive writes one
	}
	return nil, fmt.Errorf("%w: %s is of type %q", ErrHostile, name, h.Typeflag)
}

// cleanName makes a tar name relative and clean, and refuses one that points
// outside: absolute names and ".." have no place in a package.
func cleanName(name string) (string, error) {
	if strings.HasPrefix(name, "/") || strings.Contains(name, "\x00") {
		return "", fmt.Errorf("%w: it names %q", ErrHostile, name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("%w: it names %q", ErrHostile, name)
		}
	}
	return path.Clean(name), nil
}

// capped fails with ErrTooBig where io.LimitReader would pretend an end.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, ErrTooBig
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}
