package modbuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// Options say how to build. The zero value is what most want.
type Options struct {
	// Vars are make variables, for the source's Makefile to know.
	Vars map[string]string
	// Jobs is how many compilers run at once; as many as there are
	// processors, but four at most, if 0.
	Jobs int
	// Get says how headers and tools may be fetched.
	Get kernels.GetOptions
	// Log, if not nil, gets what make prints, as it does.
	Log io.Writer
}

func (o *Options) notice(format string, args ...any) {
	if o.Get.Notice != nil {
		o.Get.Notice(fmt.Sprintf(format, args...))
	}
}

func (o *Options) jobs() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return min(runtime.GOMAXPROCS(0), 4)
}

// A Built is what came of a source for a kernel.
type Built struct {
	// Kernel is the release of the kernel it is for.
	Kernel string `json:"kernel"`
	// Source is the name of the source.
	Source string `json:"source"`
	// Digest is the SHA-256, in hex, over all that went in.
	Digest string `json:"digest"`
	// Compiler is the compiler's package and version, "gcc-14 14.2.0-19"; with
	// "(host)" in front if it is the host's.
	Compiler string `json:"compiler"`
	// Seconds is how long the build took.
	Seconds float64 `json:"seconds"`
	// Modules are the modules that were built, sorted by name.
	Modules []Module `json:"modules"`

	// Dir is the directory they are in, with build.log.
	Dir string `json:"-"`
	// Cached tells that it had been built before.
	Cached bool `json:"-"`
}

// A Module is one .ko file.
type Module struct {
	// Name is the name the kernel knows it by, with underscores.
	Name string `json:"name"`
	// File is its file name, in the directory of the Built.
	File string `json:"file"`
	// Size is that of the file, in bytes.
	Size int64 `json:"size"`
	// BTF tells that it carries type information.
	BTF bool `json:"btf"`
	// Kfuncs are the functions that BPF programs may call in it.
	Kfuncs []string `json:"kfuncs,omitempty"`
}

// Path is the path of a module's file.
func (b *Built) Path(m Module) string { return filepath.Join(b.Dir, m.File) }

// Build builds a source's modules for a kernel, or returns those that were built before
// of the same source, headers and tools.
//
// Errors: *UnsupportedError for a kernel that cannot have it, *CompileError for a
// source that does not build, *kernels.NotAvailableError for headers or tools that
// cannot be had, *ToolsError for a host that cannot run them.
func Build(ctx context.Context, store *kernels.Store, img *kernels.Image, src Source, o Options) (*Built, error) {
	files, err := src.read()
	if err != nil {
		return nil, err
	}
	if err := supports(img, files); err != nil {
		return nil, err
	}
	kit, err := newKit(ctx, store, img, o.Get)
	if err != nil {
		return nil, err
	}
	key := keyOf(files, kit, img, o.Vars)
	w := &workshop{store: store, img: img, src: src, files: files, kit: kit, key: key, o: o}
	return w.build(ctx)
}

// format is counted up when modules come out differently of the same.
const format = "1"

// keyOf is a digest over all that decides what comes out.
func keyOf(files []sourceFile, k *kit, img *kernels.Image, vars map[string]string) string {
	h := sha256.New()
	fmt.Fprintln(h, format, digestOf(files), img.Digest, k.digest())
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		fmt.Fprintf(h, "%q=%q\n", name, vars[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// keep is how long a build that nobody asks for is kept.
const keep = 30 * 24 * time.Hour

// build returns what is in the store, or puts it there.
func (w *workshop) build(ctx context.Context) (*Built, error) {
	dir := filepath.Join(w.modules(), w.img.Release+"-"+w.key[:16])
	if b, err := load(dir, w.key); err == nil {
		return b, nil
	}
	lock, err := whole.Acquire(ctx, filepath.Join(w.modules(), "locks", w.key[:16]+".lock"), func(holder string) {
		w.o.notice("waiting for process %s, which is building %s for %s", holder, w.src.Name, w.img.Release)
	})
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	if b, err := load(dir, w.key); err == nil {
		return b, nil
	}
	if err := w.clean(dir); err != nil {
		return nil, err
	}
	if err := w.make(ctx, dir); err != nil {
		return nil, err
	}
	b, err := load(dir, w.key)
	if b != nil {
		b.Cached = false
	}
	return b, err
}

func (w *workshop) modules() string { return filepath.Join(w.store.Dir(), "modules") }
