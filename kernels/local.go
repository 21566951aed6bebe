package kernels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/bzimage"
	"github.com/assay-lab/assay/kernels/internal/imagedir"
)

// localSource brings a kernel from files of this machine. It copies them, so
// that an Image stays what it is while its kernel is being worked on.
type localSource struct {
	kernel  string // path of the bzImage or ELF
	release string
	modules string // its lib/modules/RELEASE, or empty
	config  string // or empty
	digest  string // over what would be copied
	built   bool   // it was built here, by Build
}

func (l *localSource) id() string      { return l.kind() + "-" + l.release + "-" + l.digest[:12] }
func (l *localSource) remote() bool    { return false }
func (l *localSource) version() string { return "" }

func (l *localSource) kind() string {
	if l.built {
		return "build"
	}
	return "local"
}

// newLocalSource looks at the kernel in the file kernel. Where its modules and
// configuration are not named, they are taken from where they usually lie
// beside an installed kernel, if they are there.
func newLocalSource(kernel, modules, config string) (*localSource, error) {
	img, err := bzimage.Read(kernel)
	if err != nil {
		return nil, err
	}
	if pvh, err := img.PVH(); err == nil && img.ELF && !pvh {
		return nil, fmt.Errorf("%s is an ELF kernel without a PVH entry, which QEMU cannot boot\ngive its bzImage, arch/x86/boot/bzImage in the build tree", kernel)
	}
	l := &localSource{kernel: kernel, release: img.Release}
	if modules != "" {
		if l.modules, err = findModules(modules, l.release); err != nil {
			return nil, err
		}
	} else {
		l.modules = installedModules(kernel, l.release)
	}
	if config != "" {
		if _, err := os.Stat(config); err != nil {
			return nil, fmt.Errorf("kernel configuration: %w", err)
		}
		l.config = config
	} else {
		l.config = installedConfig(kernel)
	}
	l.digest, err = l.sum()
	return l, err
}

// findModules finds a release's module directory in dir: the directory itself,
// or what "make modules_install INSTALL_MOD_PATH=dir" puts there.
func findModules(dir, release string) (string, error) {
	tried := []string{
		filepath.Join(dir, "lib/modules", release),
		filepath.Join(dir, "usr/lib/modules", release),
		filepath.Join(dir, release),
		dir,
	}
	for _, d := range tried {
		for _, mark := range []string{"kernel", "modules.order", "modules.builtin", "modules.dep"} {
			if _, err := os.Stat(filepath.Join(d, mark)); err == nil {
				return d, nil
			}
		}
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return "", fmt.Errorf("module directory %s: not a directory", dir)
	}
	return "", fmt.Errorf("no modules of %s in %s\ngive the directory that make modules_install INSTALL_MOD_PATH=… filled", release, dir)
}

// installedModules finds the modules of a kernel that is installed as
// distributions do, below the directory that holds its boot directory.
func installedModules(kernel, release string) string {
	boot := filepath.Dir(kernel)
	if filepath.Base(boot) != "boot" {
		return ""
	}
	dir := filepath.Join(filepath.Dir(boot), "lib/modules", release)
	if _, err := os.Stat(filepath.Join(dir, "kernel")); err != nil {
		return ""
	}
	return dir
}

// installedConfig finds the configuration beside an installed kernel:
// config-X beside vmlinuz-X.
func installedConfig(kernel string) string {
	_, version, ok := strings.Cut(filepath.Base(kernel), "-")
	if !ok {
		return ""
	}
	config := filepath.Join(filepath.Dir(kernel), "config-"+version)
	if _, err := os.Stat(config); err != nil {
		return ""
	}
	return config
}

// sum identifies what would be copied: the kernel and configuration by their
// contents, the modules, which may be many, by their sizes and times.
func (l *localSource) sum() (string, error) {
	h := sha256.New()
	for _, name := range []string{l.kernel, l.config} {
		if name == "" {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		fmt.Fprintln(h)
	}
	err := l.eachModule(func(rel string, d fs.DirEntry) error {
		st, err := d.Info()
		if err == nil {
			fmt.Fprintln(h, rel, st.Size(), st.ModTime().UnixNano())
		}
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// eachModule visits the regular files of the module directory. Links, such as
// "build" and "source", lead out of it and are passed over.
func (l *localSource) eachModule(visit func(rel string, d fs.DirEntry) error) error {
	if l.modules == "" {
		return nil
	}
	return filepath.WalkDir(l.modules, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(l.modules, p)
		if err != nil {
			return err
		}
		return visit(rel, d)
	})
}

// fill copies the files.
func (l *localSource) fill(ctx context.Context, _ *Store, dir string, _ *GetOptions) error {
	if err := copyFile(filepath.Join(dir, imagedir.Kernel), l.kernel); err != nil {
		return err
	}
	if l.config != "" {
		if err := copyFile(filepath.Join(dir, imagedir.Config), l.config); err != nil {
			return err
		}
	}
	dst := imagedir.ModulesOf(dir, l.release)
	return l.eachModule(func(rel string, _ fs.DirEntry) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		name := filepath.Join(dst, rel)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return copyFile(name, filepath.Join(l.modules, rel))
	})
}

// copyFile copies a file; where the file system can, it shares the blocks.
func copyFile(dst, src string) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
