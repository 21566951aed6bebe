package modbuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/assay-lab/assay/kernels"
)

// A kit is what a module is built with.
type kit struct {
	compiler string // "gcc-14"
	headers  *kernels.PackageSet
	dir      string // of the headers, in the headers' set: usr/src/linux-headers-…
	tools    *kernels.PackageSet
}

// newKit fetches what a module is built with.
func newKit(ctx context.Context, store *kernels.Store, img *kernels.Image, o kernels.GetOptions) (*kit, error) {
	headers, err := store.HeaderPackages(ctx, img, o)
	if err != nil {
		return nil, err
	}
	k := &kit{headers: headers, dir: kernels.HeadersDir(img)}
	if k.compiler, err = compilerOf(filepath.Join(headers.Dir, k.dir)); err != nil {
		return nil, fmt.Errorf("headers of kernel %s: %w", img.Name, err)
	}
	if k.tools, err = toolchain(ctx, store, img, k.compiler, o); err != nil {
		return nil, fmt.Errorf("tools to build modules for kernel %s: %w", img.Name, err)
	}
	return k, nil
}

// digest tells kits apart.
func (k *kit) digest() string {
	h := sha256.New()
	for _, set := range []*kernels.PackageSet{k.headers, k.tools} {
		for _, p := range set.Packages {
			fmt.Fprintln(h, p.Name, p.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// version names the compiler and its version.
func (k *kit) version() string { return k.compiler + " " + versionOf(k.tools, k.compiler) }
