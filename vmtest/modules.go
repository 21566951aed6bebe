package vmtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels"
)

// LoadModules brings modules of the machine's own kernel in, with those they depend
// on, and loads them. One that is built into the kernel is there already.
func (m *Machine) LoadModules(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	files, err := moduleFiles(m.image, names)
	if err != nil {
		return err
	}
	if err := m.Put(ctx, files...); err != nil {
		return err
	}
	c := m.Command(ctx, "/sbin/modprobe", names...)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Run(); err != nil {
		return fmt.Errorf("load module %s: %w: %s", strings.Join(names, ", "), err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// moduleFiles are modules that the machine may not have yet, and the index of them
// and of those it has.
func moduleFiles(image *kernels.Image, names []string) ([]File, error) {
	had := append(wantedModules(image), bootModules...)
	there, err := image.ModuleClosure(had)
	if err != nil {
		return nil, err
	}
	var files []File
	set := moduleSet{image: image, add: func(name string, ko []byte) {
		if !slices.ContainsFunc(there, func(m kernels.Module) bool { return modulePath(m) == name }) {
			files = append(files, File{Path: "/" + name, Data: ko})
		}
	}}
	index, err := set.modules(append(had, names...))
	return append(files, File{Path: "/" + moduleIndex, Data: index}), err
}
