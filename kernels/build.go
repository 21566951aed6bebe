package kernels

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assay-lab/assay/kernels/internal/kbuild"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// BuildOptions says how to build a kernel.
type BuildOptions struct {
	// Source is a Linux source tree, which is not written to, or a tarball.
	Source string
	// Base is the make target that makes the configuration to begin with;
	// "defconfig" if empty.
	Base string
	// Config are fragments to merge over it, in order: files, or the names
	// in Fragments.
	Config []string
	// Jobs is how many compilers run at once; as many as there are
	// processors if 0.
	Jobs int
	// Notice is as in GetOptions.
	Notice func(string)
	// Log, if not nil, gets all that the build prints.
	Log io.Writer
}

// Fragments returns the names of the configuration fragments that come with
// the program: "lab" is what the lab asks of a kernel, the others are variants.
func Fragments() []string { return kbuild.Fragments() }

// Build builds a kernel from source with the host's compiler and puts it into
// the store under a name, as Add does. It fails when the configuration does
// not come to have what the fragments ask for, and when the host lacks a tool,
// naming the command that installs it.
func (s *Store) Build(ctx context.Context, name string, o BuildOptions) (*Image, error) {
	if !validName(name) {
		return nil, badName(name)
	}
	parent := filepath.Join(s.root, "build")
	if err := whole.Sweep(parent); err != nil {
		return nil, fmt.Errorf("sweep build directory: %w", err)
	}
	st, err := whole.NewStage(parent, name)
	if err != nil {
		return nil, fmt.Errorf("build kernel %s: %w", name, err)
	}
	defer st.Abort()
	log, err := os.Create(filepath.Join(parent, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	job := &kbuild.Job{
		Source: o.Source, Base: o.Base, Config: o.Config, Jobs: o.Jobs,
		Dir: st.Dir, Log: log, Notice: o.Notice,
	}
	if o.Log != nil {
		job.Log = io.MultiWriter(log, o.Log)
	}
	r, err := job.Run(ctx)
	if err != nil {
		return nil, fmt.Errorf("build kernel %s: %w", name, err)
	}
	src, err := newLocalSource(r.Kernel, r.Modules, r.Config)
	if err != nil {
		return nil, err
	}
	src.built = true
	return s.adopt(ctx, name, src, &record{Why: whyBuilt, From: absolute(o.Source)})
}
