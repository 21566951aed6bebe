// Package kbuild builds kernels from source, with the host's compiler.
//
// A configuration is made of a base ("defconfig") and fragments, which are
// merged over it. Kconfig silently drops an option whose dependencies are not
// met, so what came of it is compared with what was asked for before anything
// is compiled.
package kbuild

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

//go:embed fragments/*.config
var fragments embed.FS

// Fragments are the names of the fragments that come with the program.
func Fragments() []string {
	entries, err := fragments.ReadDir("fragments")
	if err != nil {
		panic(err) // it is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".config"))
	}
	return names
}

// A Job is one build.
type Job struct {
	Source string   // top of a source tree, or a tarball of one
	Base   string   // make target of the base configuration; "defconfig" if empty
	Config []string // fragments: files, or names of Fragments
	Jobs   int      // compilers at once; as many as processors if 0
	Dir    string   // scratch directory; everything is written below it
	Log    io.Writer
	Notice func(string)

	tools []tool // of the host; the usual if nil
}

// A Result names the files that a build made, below its scratch directory.
type Result struct {
	Kernel  string // bzImage
	Config  string
	Modules string // root above lib/modules; empty if there are none
}

// Run builds the kernel. Errors: *ToolsError if the host lacks something,
// *ConfigError if the configuration did not come to be what was asked for.
func (j *Job) Run(ctx context.Context) (*Result, error) {
	if j.tools == nil {
		j.tools = hostTools
	}
	if err := checkTools(ctx, j.tools, nil); err != nil {
		return nil, err
	}
	asked, optional, err := j.asked()
	if err != nil {
		return nil, err
	}
	tree, err := j.tree()
	if err != nil {
		return nil, err
	}
	out := filepath.Join(j.Dir, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	b := &build{job: j, tree: tree, out: out}
	final, err := b.configure(ctx, asked, optional)
	if err != nil {
		return nil, err
	}
	if err := checkTools(ctx, j.tools, final); err != nil {
		return nil, err
	}
	return b.compile(ctx, final)
}

// tree returns the top of the source tree, unpacking it if need be.
func (j *Job) tree() (string, error) {
	st, err := os.Stat(j.Source)
	if err != nil {
		return "", fmt.Errorf("kernel source: %w", err)
	}
	tree, err := filepath.Abs(j.Source)
	if err != nil {
		return "", err
	}
	if !st.IsDir() {
		tree = filepath.Join(j.Dir, "src")
		if err := os.MkdirAll(tree, 0o755); err != nil {
			return "", err
		}
		if err := unpackSource(j.Source, tree); err != nil {
			return "", err
		}
	}
	return tree, checkTree(tree)
}

// asked reads the fragments. Later ones go before earlier ones. Options of the
// program's own fragments are optional: an older Linux may not know them.
func (j *Job) asked() (asked config, optional map[string]bool, err error) {
	asked, optional = config{}, map[string]bool{}
	for _, name := range j.Config {
		own := slices.Contains(Fragments(), name)
		c, err := readFragment(name, own)
		if err != nil {
			return nil, nil, err
		}
		for sym := range c {
			optional[sym] = own
		}
		maps.Copy(asked, c)
	}
	return asked, optional, nil
}

func readFragment(name string, own bool) (config, error) {
	if !own {
		c, err := readConfig(name)
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w\nfragments of our own are %s", err, strings.Join(Fragments(), ", "))
		}
		return c, err
	}
	f, err := fragments.Open("fragments/" + name + ".config")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseConfig(f)
}

// A build is a Job under way.
type build struct {
	job       *Job
	tree, out string
}

// configure merges the fragments over the base and lets Kconfig settle the
// rest. It returns the final configuration, which has all that was asked for.
func (b *build) configure(ctx context.Context, asked config, optional map[string]bool) (config, error) {
	known, err := symbols(b.tree)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, sym := range slices.Sorted(maps.Keys(asked)) {
		if optional[sym] && !known[sym] {
			unknown = append(unknown, sym)
			delete(asked, sym)
		}
	}
	if len(unknown) > 0 {
		b.notice("this kernel does not know, and so does without, " + strings.Join(unknown, ", "))
	}
	base := b.job.Base
	if base == "" {
		base = "defconfig"
	}
	if err := b.make(ctx, base); err != nil {
		return nil, err
	}
	file := filepath.Join(b.out, ".config")
	settled, err := readConfig(file)
	if err != nil {
		return nil, err
	}
	if err := writeMerged(file, settled, asked); err != nil {
		return nil, err
	}
	if err := b.make(ctx, "olddefconfig"); err != nil {
		return nil, err
	}
	final, err := readConfig(file)
	if err != nil {
		return nil, err
	}
	return final, final.lacking(asked)
}

func (b *build) notice(text string) {
	if b.job.Notice != nil {
		b.job.Notice(text)
	}
}

// compile builds the kernel, and its modules if it has any.
func (b *build) compile(ctx context.Context, c config) (*Result, error) {
	r := &Result{
		Kernel: filepath.Join(b.out, "arch/x86/boot/bzImage"),
		Config: filepath.Join(b.out, ".config"),
	}
	if err := b.make(ctx, "bzImage"); err != nil {
		return nil, err
	}
	if c["CONFIG_MODULES"] != "y" || !slices.Contains(slices.Collect(maps.Values(c)), "m") {
		return r, nil
	}
	r.Modules = filepath.Join(b.job.Dir, "mod")
	if err := b.make(ctx, "modules"); err != nil {
		return nil, err
	}
	// depmod is not needed: dependencies are read from the modules.
	return r, b.make(ctx, "modules_install", "INSTALL_MOD_PATH="+r.Modules, "INSTALL_MOD_STRIP=1", "DEPMOD=true")
}

// make runs make in the source tree, writing only below b.out. The build is
// made independent of time and place as far as the kernel allows
// (Documentation/kbuild/reproducible-builds.rst).
func (b *build) make(ctx context.Context, args ...string) error {
	jobs := b.job.Jobs
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	c := exec.CommandContext(ctx, "make", append([]string{
		"-C", b.tree, "O=" + b.out, "ARCH=x86_64", "-j" + strconv.Itoa(jobs),
	}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=",
		"KBUILD_BUILD_USER=assay", "KBUILD_BUILD_HOST=assay", "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970", "KBUILD_BUILD_VERSION=1")
	// A process group of its own, so that the compilers die with make.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	tail := &tail{next: b.job.Log}
	c.Stdout, c.Stderr = tail, tail
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("make %s: %w\n%s", args[0], err, tail.text())
	}
	return nil
}
