package imagedir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/assay-lab/assay/kernels/internal/fetch"
)

// A sealed file is one whose digest is recorded.
type sealed struct {
	Stat
	SHA256 string `json:"sha256"`
}

// seal records the digest of every file in dir, and fills in what m says of
// them: Digest, Bytes and Hot.
func seal(dir string, m *Manifest) error {
	files, err := digestAll(dir)
	if err != nil {
		return err
	}
	if err := writeJSON(dir, filesFile, files); err != nil {
		return err
	}
	h := sha256.New()
	hot := []string{Kernel, m.Vmlinux, m.Config, m.BTF, indexFile}
	for _, f := range files {
		m.Bytes += f.Size
		if f.Path == Kernel || strings.HasPrefix(f.Path, modules+"/") {
			fmt.Fprintf(h, "%s %s\n", f.SHA256, f.Path)
		}
		if slices.Contains(hot, f.Path) {
			m.Hot = append(m.Hot, f.Stat)
		}
	}
	m.Digest = hex.EncodeToString(h.Sum(nil))
	return nil
}

// digestAll reads every regular file below dir; the result is sorted by path.
func digestAll(dir string) ([]sealed, error) {
	var files []sealed
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		st, err := d.Info()
		files = append(files, sealed{Stat: Stat{filepath.ToSlash(rel), 0, st.ModTime()}})
		files[len(files)-1].Size = st.Size()
		return err
	})
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		g.Go(func() (err error) {
			files[i].SHA256, err = fetch.SHA256(filepath.Join(dir, files[i].Path))
			return err
		})
	}
	return files, g.Wait()
}

// Verify reads every file in dir and compares it with what Finish recorded. It
// fails with ErrDamaged, naming the first file that differs.
func Verify(dir string) error {
	if _, err := Load(dir); err != nil {
		return err
	}
	var files []sealed
	if err := readJSON(dir, filesFile, &files); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range files {
		g.Go(func() error { return f.verify(dir) })
	}
	return g.Wait()
}

func (f *sealed) verify(dir string) error {
	name := filepath.Join(dir, f.Path)
	if _, err := os.Stat(name); err != nil {
		return fmt.Errorf("%w: %s is missing", ErrDamaged, f.Path)
	}
	sum, err := fetch.SHA256(name)
	if err != nil {
		return err
	}
	if sum != f.SHA256 {
		return fmt.Errorf("%w: %s has other contents than were put there", ErrDamaged, f.Path)
	}
	return nil
}
