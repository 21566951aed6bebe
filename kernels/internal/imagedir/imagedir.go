// Package imagedir keeps one kernel's files in a directory of a fixed form.
//
// A source of kernels fills in what it has:
//
//	vmlinuz              the bzImage or ELF kernel, always
//	config               its build configuration
//	btf                  BTF made for a kernel that carries none
//	lib/modules/RELEASE  its modules
//
// Finish adds what can be derived, and what later tells whether the files are
// still what they were:
//
//	vmlinux              the uncompressed ELF
//	modules.json         index of the modules, a kmod.Tree
//	files.json           digest of every file, for Verify
//	image.json           the Manifest; it is written last
package imagedir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/assay-lab/assay/kernels/internal/bzimage"
	"github.com/assay-lab/assay/kernels/internal/compress"
	"github.com/assay-lab/assay/kernels/internal/kmod"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// Names of files in an image directory.
const (
	Kernel  = "vmlinuz"
	Vmlinux = "vmlinux"
	Config  = "config"
	BTF     = "btf"
	modules = "lib/modules"

	manifestFile = "image.json"
	indexFile    = "modules.json"
	filesFile    = "files.json"
)

// schema names the form of image.json; a directory of another form is taken as
// damaged, and so built again.
const schema = "assay.kernel/v1"

// A Manifest describes an image directory. Paths are relative to it.
type Manifest struct {
	Schema  string `json:"schema"`
	Source  string `json:"source"`            // "debian", "oci", "local" or "build"
	Version string `json:"version,omitempty"` // of the package it came from
	Release string `json:"release"`           // uname -r
	Digest  string `json:"digest"`            // over the kernel and its modules
	Vmlinux string `json:"vmlinux,omitempty"`
	PVH     bool   `json:"pvh"`
	Config  string `json:"config,omitempty"`
	Modules string `json:"modules,omitempty"`
	BTF     string `json:"btf,omitempty"`
	Bytes   int64  `json:"bytes"` // on disk, all files together
	Hot     []Stat `json:"hot"`   // files that Load looks at
}

// A Stat is what can be told of a file without reading it.
type Stat struct {
	Path  string    `json:"path"`
	Size  int64     `json:"size"`
	Mtime time.Time `json:"mtime"`
}

// ErrDamaged is returned, wrapped with the file and what is wrong, for a
// directory that is not as Finish left it.
var ErrDamaged = errors.New("damaged")

// Finish completes the directory dir, filled by a source, and returns its
// manifest. The caller states Source and Version in m.
func Finish(dir string, m Manifest) (*Manifest, error) {
	m.Schema = schema
	img, err := bzimage.Read(filepath.Join(dir, Kernel))
	if err != nil {
		return nil, err
	}
	m.Release = img.Release
	if err := addVmlinux(dir, img, &m); err != nil {
		return nil, err
	}
	m.Config = ifExists(dir, Config)
	m.BTF = ifExists(dir, BTF)
	if m.Modules = ifExists(dir, modules+"/"+m.Release); m.Modules != "" {
		tree, err := kmod.Scan(filepath.Join(dir, m.Modules), m.Release)
		if err != nil {
			return nil, err
		}
		if err := writeJSON(dir, indexFile, tree); err != nil {
			return nil, err
		}
	}
	if err := seal(dir, &m); err != nil {
		return nil, err
	}
	return &m, writeJSON(dir, manifestFile, &m)
}

// addVmlinux unpacks the ELF kernel, and the configuration it may carry.
func addVmlinux(dir string, img *bzimage.Image, m *Manifest) error {
	var buf bytes.Buffer
	err := img.WriteVmlinux(&buf)
	if errors.Is(err, compress.ErrUnknown) {
		return nil // it boots as a bzImage nonetheless
	}
	if err != nil {
		return err
	}
	m.Vmlinux = Vmlinux
	if img.ELF {
		m.Vmlinux = Kernel
	} else if err := os.WriteFile(filepath.Join(dir, Vmlinux), buf.Bytes(), 0o444); err != nil {
		return err
	}
	if m.PVH, err = bzimage.HasPVH(bytes.NewReader(buf.Bytes())); err != nil {
		return err
	}
	if ifExists(dir, Config) != "" {
		return nil
	}
	cfg, err := bzimage.EmbeddedConfig(buf.Bytes())
	if err != nil || cfg == nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, Config), cfg, 0o444)
}

// ifExists returns rel if the directory has such a file, else "".
func ifExists(dir, rel string) string {
	if _, err := os.Stat(filepath.Join(dir, rel)); err != nil {
		return ""
	}
	return rel
}

func writeJSON(dir, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return whole.WriteFile(filepath.Join(dir, name), append(b, '\n'))
}

func readJSON(dir, name string, v any) error {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing", ErrDamaged, name)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, name, err)
	}
	return nil
}

// Load reads the manifest of dir and checks cheaply, by size and time, that
// the files a machine boots from are as Finish left them. It fails with
// fs.ErrNotExist if there is no such directory, and with ErrDamaged.
func Load(dir string) (*Manifest, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	var m Manifest
	if err := readJSON(dir, manifestFile, &m); err != nil {
		return nil, err
	}
	if m.Schema != schema {
		return nil, fmt.Errorf("%w: %s is of form %q, not %q", ErrDamaged, manifestFile, m.Schema, schema)
	}
	for _, s := range m.Hot {
		if err := s.check(dir); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

func (s Stat) check(dir string) error {
	st, err := os.Stat(filepath.Join(dir, s.Path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is missing", ErrDamaged, s.Path)
	case err != nil:
		return err
	case st.Size() != s.Size:
		return fmt.Errorf("%w: %s has %d bytes, had %d", ErrDamaged, s.Path, st.Size(), s.Size)
	case !st.ModTime().Equal(s.Mtime):
		return fmt.Errorf("%w: %s was changed on %s", ErrDamaged, s.Path, st.ModTime().Format(time.DateTime))
	}
	return nil
}

// ModulesOf is where the modules of a kernel release lie in dir.
func ModulesOf(dir, release string) string { return filepath.Join(dir, modules, release) }

// Index reads the index of the modules in dir.
func Index(dir string) (*kmod.Tree, error) {
	var t kmod.Tree
	if err := readJSON(dir, indexFile, &t); err != nil {
		return nil, err
	}
	return &t, nil
}
