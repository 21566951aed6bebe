package modbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/kernels/internal/whole"
	"github.com/assay-lab/assay/kernels/modbuild/internal/sandbox"
)

// A workshop is one build under way.
type workshop struct {
	store *kernels.Store
	img   *kernels.Image
	src   Source
	files []sourceFile
	kit   *kit
	key   string
	o     Options

	stage string       // directory that is being built
	log   bytes.Buffer // all that was printed
}

// Where things are in the sandbox.
const (
	inWork    = "/work"
	inVmlinux = "/vmlinux"
	inTools   = "/tools"
)

// make builds into dir.
func (w *workshop) make(ctx context.Context, dir string) error {
	begun := time.Now()
	st, err := whole.NewStage(w.modules(), filepath.Base(dir))
	if err != nil {
		return err
	}
	defer st.Abort()
	w.stage = st.Dir
	for _, sub := range []string{"work", "root"} {
		if err := os.Mkdir(filepath.Join(w.stage, sub), 0o755); err != nil {
			return err
		}
	}
	if err := lay(filepath.Join(w.stage, "work"), w.files); err != nil {
		return err
	}
	if err := w.compile(ctx); err != nil {
		return err
	}
	modules, err := w.finish(ctx)
	if err != nil {
		return err
	}
	for _, sub := range []string{"work", "root"} {
		if err := os.RemoveAll(filepath.Join(w.stage, sub)); err != nil {
			return err
		}
	}
	b := &Built{
		Kernel: w.img.Release, Source: w.src.Name, Digest: w.key, Compiler: w.kit.version(),
		Seconds: time.Since(begun).Seconds(), Modules: modules,
	}
	if err := errors.Join(os.WriteFile(filepath.Join(w.stage, logFile), w.log.Bytes(), 0o444), b.save(w.stage)); err != nil {
		return err
	}
	return st.Commit(dir)
}

// compile runs kbuild.
func (w *workshop) compile(ctx context.Context) error {
	args := []string{
		"make", "-C", path.Join("/", w.kit.dir), "M=" + inWork, "-j" + strconv.Itoa(w.o.jobs()), "V=0",
	}
	for _, name := range slices.Sorted(maps.Keys(w.o.Vars)) {
		args = append(args, name+"="+w.o.Vars[name])
	}
	err := w.run(ctx, append(args, "modules")...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	log := filepath.Join(w.modules(), w.key[:16]+".log")
	if err := whole.WriteFile(log, w.log.Bytes()); err != nil {
		return err
	}
	return &CompileError{w.img.Release, w.src.Name, complaints(w.log.String()), log}
}

// run runs a program of the toolchain in the sandbox, in the work directory.
func (w *workshop) run(ctx context.Context, args ...string) error {
	args = slices.Clone(args)
	args[0] = "/usr/bin/" + args[0]
	out := io.Writer(&w.log)
	if w.o.Log != nil {
		out = io.MultiWriter(out, w.o.Log)
	}
	err := sandbox.Run(ctx, filepath.Join(w.stage, "root"), w.root(), sandbox.Command{
		Args: args, Dir: inWork, Env: environment(), Output: out,
	})
	if errors.Is(err, sandbox.ErrUnavailable) {
		return &ToolsError{w.img.Release, err}
	}
	return err
}

// tool runs a program that has no reason to fail.
func (w *workshop) tool(ctx context.Context, args ...string) error {
	before := w.log.Len()
	err := w.run(ctx, args...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s: %w: %s", args[0], err, strings.Join(complaints(w.log.String()[before:]), "; "))
	}
	return err
}

// root is the root directory that tools run in: those of the kernel's release of
// Debian, and its headers.
func (w *workshop) root() sandbox.Root {
	r := sandbox.Root{
		Layers: []string{w.kit.tools.Dir, w.kit.headers.Dir},
		Binds:  []sandbox.Bind{{Host: filepath.Join(w.stage, "work"), Guest: inWork, Write: true}},
		Links: map[string]string{
			// Names that installing the packages would have made.
			inTools + "/awk": "/usr/bin/mawk",
			inTools + "/gcc": "/usr/bin/" + w.kit.compiler,
			inTools + "/cc":  "/usr/bin/" + w.kit.compiler,
		},
	}
	if w.img.Vmlinux != "" {
		r.Binds = append(r.Binds, sandbox.Bind{Host: w.img.Vmlinux, Guest: inVmlinux})
	}
	return r
}

// environment is what tools find: independent of time and place, as far as the kernel
// allows (Documentation/kbuild/reproducible-builds.rst).
func environment() []string {
	return []string{
		"PATH=" + inTools + ":/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/tmp", "TMPDIR=/tmp", "LC_ALL=C",
		"LLVM_OBJCOPY=/usr/bin/objcopy", // for pahole, whichever objcopy it is
		"KBUILD_BUILD_USER=assay", "KBUILD_BUILD_HOST=assay", "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
	}
}

// finish completes the modules that kbuild made, checks them, and lays them out in
// the stage.
func (w *workshop) finish(ctx context.Context) ([]Module, error) {
	work := filepath.Join(w.stage, "work")
	names, err := builtModules(work)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &UsageError{fmt.Sprintf("make built no module of %s\nits Makefile must name one: obj-m := NAME.o", w.src.Name)}
	}
	var modules []Module
	for _, name := range names {
		m, err := w.finishOne(ctx, work, name)
		if err != nil {
			return nil, fmt.Errorf("module %s for kernel %s: %w", name, w.img.Release, err)
		}
		modules = append(modules, *m)
	}
	return modules, nil
}

// builtModules are the .ko files below dir, by their names from there.
func builtModules(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(p) == ".ko" {
			rel, _ := filepath.Rel(dir, p)
			names = append(names, rel)
		}
		return err
	})
	return names, err
}

func (w *workshop) finishOne(ctx context.Context, work, name string) (*Module, error) {
	file := filepath.Join(work, name)
	if err := w.completeBTF(ctx, file, name); err != nil {
		return nil, err
	}
	if err := w.tool(ctx, "objcopy", "--strip-debug", name); err != nil {
		return nil, err
	}
	kernel, err := kernelOf(w.img, filepath.Join(w.kit.headers.Dir, w.kit.dir))
	if err != nil {
		return nil, err
	}
	f, err := readModule(file)
	if err != nil {
		return nil, err
	}
	if faults := f.faults(kernel); len(faults) > 0 {
		return nil, faults[0]
	}
	if err := os.Rename(file, filepath.Join(w.stage, filepath.Base(name))); err != nil {
		return nil, err
	}
	return &Module{Name: f.name, File: filepath.Base(name), Size: f.size, BTF: f.btf != nil, Kfuncs: f.kfuncs()}, nil
}
