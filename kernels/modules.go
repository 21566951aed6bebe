package kernels

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assay-lab/assay/kernels/internal/bzimage"
	"github.com/assay-lab/assay/kernels/internal/imagedir"
	"github.com/assay-lab/assay/kernels/internal/kmod"
)

// A Module is one kernel module of an Image.
type Module struct {
	// Name is the name the kernel knows it by, with underscores.
	Name string
	// Path is its file: .ko, .ko.xz, .ko.zst or .ko.gz.
	Path string
}

// Open returns the module's uncompressed contents. A kernel with
// CONFIG_MODULE_DECOMPRESS also takes the file at Path as it is.
func (m Module) Open() (io.ReadCloser, error) { return kmod.Open(m.Path) }

// An UnknownModuleError names modules that a kernel does not have.
type UnknownModuleError = kmod.UnknownError

// ModuleClosure returns the named modules and those they depend on, in an
// order in which they can be loaded. Dashes in names count as underscores.
// Modules that are built into the kernel are left out. A name that ends in "?"
// is optional. An *UnknownModuleError names those that the kernel does not
// have. For a kernel without a module directory, all are taken as built in.
//
// Dependencies are those the modules state themselves ("depends"); soft ones
// and modules that the kernel asks for by alias while running are not followed.
func (i *Image) ModuleClosure(names []string) ([]Module, error) {
	if i.Modules == "" {
		return nil, nil
	}
	tree, err := i.moduleTree()
	if err != nil {
		return nil, fmt.Errorf("modules of kernel %s: %w", i.Name, err)
	}
	list, err := tree.Closure(names)
	if err != nil {
		return nil, fmt.Errorf("modules of kernel %s: %w", i.Name, err)
	}
	modules := make([]Module, len(list))
	for j, m := range list {
		p := filepath.Join(i.Modules, filepath.FromSlash(m.Path))
		if _, err := os.Stat(p); err != nil {
			return nil, &DamagedError{Kernel: i.Name, File: p, Reason: "it is missing"}
		}
		modules[j] = Module{m.Name, p}
	}
	return modules, nil
}

// moduleTree reads the index a store made, or, for an image that is in none,
// the modules.
func (i *Image) moduleTree() (*kmod.Tree, error) {
	dir := filepath.Dir(i.Kernel)
	if imagedir.ModulesOf(dir, i.Release) == i.Modules {
		return imagedir.Index(dir)
	}
	return kmod.Scan(i.Modules, i.Release)
}

// ErrNoBTF is returned for a kernel that carries no BTF: one built without
// CONFIG_DEBUG_INFO_BTF, which Linux has since 5.2.
var ErrNoBTF = errors.New("kernel carries no BTF")

// BTF returns the kernel's type information as /sys/kernel/btf/vmlinux would
// show it, without booting the kernel.
func (i *Image) BTF() ([]byte, error) {
	if b, err := os.ReadFile(filepath.Join(filepath.Dir(i.Kernel), imagedir.BTF)); err == nil {
		return b, nil
	}
	if i.Vmlinux == "" {
		return nil, fmt.Errorf("kernel %s: %w: its format is unknown", i.Name, ErrNoBTF)
	}
	b, err := os.ReadFile(i.Vmlinux)
	if err != nil {
		return nil, err
	}
	btf, err := bzimage.Section(bytes.NewReader(b), ".BTF")
	if errors.Is(err, bzimage.ErrNoSection) {
		return nil, fmt.Errorf("kernel %s: %w", i.Name, ErrNoBTF)
	}
	if err != nil {
		return nil, fmt.Errorf("kernel %s: %w", i.Name, err)
	}
	return btf, nil
}
