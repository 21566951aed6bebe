// Package oci gets kernels out of OCI images.
//
// Two projects publish kernels as images, and their layouts differ only in
// where they begin: little-vm-helper's have data/kernels/NAME/boot/vmlinuz-R,
// config-R, btf-R and …/lib/modules/R; cilium's ci-kernels have boot/vmlinuz
// and lib/modules/R at the root.
package oci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"regexp"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/assay-lab/assay/kernels/internal/deb"
)

// ErrNoKernel is returned for an image that holds no kernel.
var ErrNoKernel = errors.New("image holds no boot/vmlinuz")

// options are those of all requests. Credentials come from where docker keeps
// them; public images need none.
func options(ctx context.Context, t http.RoundTripper) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(t),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}),
	}
}

// Resolve returns the reference by digest that ref, which may have a tag,
// stands for now, on linux/amd64.
func Resolve(ctx context.Context, t http.RoundTripper, ref string) (string, error) {
	r, err := name.ParseReference(ref)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", ref, err)
	}
	img, err := remote.Image(r, options(ctx, t)...)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", ref, err)
	}
	d, err := img.Digest()
	if err != nil {
		return "", fmt.Errorf("image %s: %w", ref, err)
	}
	return r.Context().Digest(d.String()).String(), nil
}

// Ask asks the registry whether it has the image ref, without fetching it.
func Ask(ctx context.Context, t http.RoundTripper, ref string) error {
	r, err := name.ParseReference(ref)
	if err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	if _, err := remote.Head(r, options(ctx, t)...); err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	return nil
}

// Unpack takes the kernel out of the image that ref names by digest and lays
// it out in dir, as package imagedir wants it. Every layer is verified against
// the digest; told, if not nil, hears how many bytes of the image's layers,
// compressed, have come.
func Unpack(ctx context.Context, t http.RoundTripper, ref, dir string, told func(done, total int64)) error {
	r, err := name.NewDigest(ref)
	if err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	total := int64(0)
	img, err := remote.Image(r, options(ctx, &counting{t, told, &total})...)
	if err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	if total, err = layerBytes(img); err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	rc := mutate.Extract(img)
	defer rc.Close()
	if err := unpack(rc, dir); err != nil {
		return fmt.Errorf("image %s: %w", ref, err)
	}
	return nil
}

func layerBytes(img v1.Image) (int64, error) {
	m, err := img.Manifest()
	if err != nil {
		return 0, err
	}
	var n int64
	for _, l := range m.Layers {
		n += l.Size
	}
	return n, nil
}

// unpack takes the kernel out of the flattened image in r.
func unpack(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	err = deb.WalkTar(r, deb.Limits{}, func(e *deb.Entry) error {
		dst := place(e.Name)
		if dst == "" || !e.Mode.IsRegular() || e.Hard {
			return nil
		}
		return deb.WriteFile(root, dst, e)
	})
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("image holds more than one kernel: %w", err)
	}
	if err != nil {
		return err
	}
	if _, err := root.Stat("vmlinuz"); err != nil {
		return ErrNoKernel
	}
	return nil
}

// places match what an image may hold, and name where it belongs.
var places = []struct {
	pattern *regexp.Regexp
	dst     string
}{
	{regexp.MustCompile(`(?:^|/)boot/vmlinuz(?:-[^/]+)?$`), "vmlinuz"},
	{regexp.MustCompile(`(?:^|/)boot/config(?:-[^/]+)?$`), "config"},
	{regexp.MustCompile(`(?:^|/)boot/btf(?:-[^/]+)?$`), "btf"},
	{regexp.MustCompile(`(?:^|/)(lib/modules/[^/]+/(?:kernel|updates|extra)/.+)$`), "$1"},
	{regexp.MustCompile(`(?:^|/)(lib/modules/[^/]+/modules\.[a-z.]+)$`), "$1"},
}

// place tells where a file of the image belongs, "" if it is not wanted.
func place(file string) string {
	for _, p := range places {
		if m := p.pattern.FindStringSubmatchIndex(file); m != nil {
			return path.Clean(string(p.pattern.ExpandString(nil, p.dst, file, m)))
		}
	}
	return ""
}
