package object

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
)

// where files for the loader are in the guest.
const guestDir = "/run/assay-object"

// request is what the loader is asked for on a kernel, but for the programs, and
// the files that it needs for it.
func (c *tryout) request(ctx context.Context, image *kernels.Image) (files []vmtest.File, q load.Request, err error) {
	o := c.t.options
	q = load.Request{Size: len(c.object.data), Types: o.Types, Maps: o.Maps, Whole: o.Whole}
	if c.t.against != nil {
		q.Against, q.AgainstSize = c.t.against.program, len(c.t.against.data)
	}
	if c.object.wantsConfig() && image.Config != "" {
		files = append(files, vmtest.File{Path: "/boot/config-" + image.Release, Source: image.Config})
	}
	if len(o.Modules) > 0 {
		modules, err := image.ModuleClosure(o.Modules)
		if err != nil {
			return nil, q, fmt.Errorf("find modules %s of kernel %s: %w", strings.Join(o.Modules, ", "), image.Name, err)
		}
		for _, m := range modules {
			f := vmtest.File{Path: path.Join(guestDir, m.Name+".ko")}
			if f.Data, err = readModule(m); err != nil {
				return nil, q, fmt.Errorf("read module %s of kernel %s: %w", m.Name, image.Name, err)
			}
			files, q.Modules = append(files, f), append(q.Modules, f.Path)
		}
	}
	types, err := o.types(ctx, image)
	if err != nil {
		return nil, q, err
	}
	if types != nil {
		q.BTF = path.Join(guestDir, "kernel.btf")
		files = append(files, vmtest.File{Path: q.BTF, Data: types})
	}
	return files, q, nil
}

// wantsConfig tells whether the object asks for how the kernel was configured.
func (o *object) wantsConfig() bool {
	if o.Kconfig == nil {
		return false
	}
	for _, v := range o.Kconfig.Vars {
		if strings.HasPrefix(v.Type.TypeName(), "CONFIG_") {
			return true
		}
	}
	return false
}

func readModule(m kernels.Module) ([]byte, error) {
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
