package debian

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/compress"
)

// maxIndex bounds a Packages index. Debian sid's has 60 MB.
const maxIndex = 1 << 30

// A Record is what a Packages index says of one binary package.
type Record struct {
	Name, Version, Arch string
	Path                string // pool/…
	Size                int64
	SHA256              string
	Depends             string // Pre-Depends and Depends, as they stand
	Provides            string
}

// readIndex reads a compressed Packages index and returns the records whose
// package name is wanted.
func readIndex(r io.Reader, wanted func(name string) bool) ([]Record, error) {
	rc, _, err := compress.OpenAny(r)
	if err != nil {
		return nil, fmt.Errorf("read package index: %w", err)
	}
	defer rc.Close()
	var all []Record
	var rec *Record // nil while in a record that is not wanted
	s := bufio.NewScanner(io.LimitReader(rc, maxIndex))
	s.Buffer(make([]byte, 64<<10), 4<<20)
	for s.Scan() {
		line := s.Bytes()
		if name, ok := bytes.CutPrefix(line, []byte("Package: ")); ok {
			rec = nil
			if n := string(name); wanted(n) {
				all = append(all, Record{Name: n})
				rec = &all[len(all)-1]
			}
			continue
		}
		if rec == nil {
			continue
		}
		if err := rec.set(string(line)); err != nil {
			return nil, fmt.Errorf("read package index: %s: %w", rec.Name, err)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read package index: %w", err)
	}
	return all, nil
}

// set takes a "Field: value" line in; other fields and their continuation
// lines are passed over.
func (r *Record) set(line string) (err error) {
	key, value, _ := strings.Cut(line, ": ")
	switch key {
	case "Version":
		r.Version = value
	case "Architecture":
		r.Arch = value
	case "Filename":
		r.Path = value
	case "SHA256":
		r.SHA256 = value
	case "Size":
		r.Size, err = strconv.ParseInt(value, 10, 64)
	case "Provides":
		r.Provides = value
	case "Depends", "Pre-Depends":
		if r.Depends != "" {
			value = r.Depends + ", " + value
		}
		r.Depends = value
	}
	return err
}

// pkg makes the record a Package of an archive.
func (r *Record) pkg(archive string) (Package, error) {
	p := Package{Archive: archive, Path: r.Path, Size: r.Size, SHA256: r.SHA256}
	if err := p.check(); err != nil {
		return p, fmt.Errorf("package %s: %w", r.Name, err)
	}
	return p, nil
}
