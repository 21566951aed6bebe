package kbuild

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/assay-lab/assay/kernels/internal/deb"
)

// sourceLimits bounds a source tarball. Linux 7.2 has 1.6 GB in 90,000 files.
var sourceLimits = deb.Limits{Bytes: 8 << 30, Entries: 400_000}

// checkTree finds whether dir is the top of a Linux source tree.
func checkTree(dir string) error {
	for _, name := range []string{"Kbuild", "Kconfig", "arch/x86/Makefile"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("%s is not a Linux source tree: it has no %s", dir, name)
		}
	}
	return nil
}

// unpackSource lays a source tarball out in dir, without the directory it
// begins with, linux-6.1 or so.
func unpackSource(tarball, dir string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	x := &deb.Extractor{Root: root, Strip: 1}
	if err := deb.WalkTar(f, sourceLimits, x.Visit); err != nil {
		return fmt.Errorf("unpack %s: %w", tarball, err)
	}
	return nil
}
