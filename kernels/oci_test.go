package kernels

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// pushKernel puts an image with a kernel on a registry of the test's own, or
// moves its tag to another.
func pushKernel(t *testing.T, ref string, k kerneltest.Kernel) string {
	t.Helper()
	if ref == "" {
		srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
		t.Cleanup(srv.Close)
		ref = strings.TrimPrefix(srv.URL, "http://") + "/kernel-images:4.19-main"
	}
	img, err := kerneltest.OCI(kerneltest.Files{
		"data/kernels/4.19/boot/vmlinuz-" + k.Release: string(k.BzImage("gzip")),
		"data/kernels/4.19/boot/config-" + k.Release:  "CONFIG_X=y\n",
		"data/kernels/4.19/boot/btf-" + k.Release:     "btf made by pahole",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(r, img); err != nil {
		t.Fatal(err)
	}
	return ref
}

// Where Debian's archive of old releases cannot be reached, a registry may.
func TestGetImage(t *testing.T) {
	ref := pushKernel(t, "", kerneltest.Kernel{Release: "4.19.325"})
	l := newLab(t, map[string]string{
		"4.19.yaml": "series: \"4.19\"\ndefault: true\ndebian: {suites: [buster/updates], flavours: [cloud], frozen: true}\nimages: [\"" + ref + "\"]\n",
	})
	for _, spec := range []string{"4.19", "oci:" + ref} {
		if e, err := l.Describe(t.Context(), spec); err != nil || !e.Available || e.Cached {
			t.Errorf("%s: listed as %+v, %v; want available", spec, e, err)
		}
		img, err := l.Get(t.Context(), spec, l.options())
		if err != nil {
			t.Fatal(err)
		}
		if img.Name != spec || img.Series != "4.19" || img.Release != "4.19.325" || img.Source != "oci" || img.Config == "" {
			t.Errorf("image is %+v", img)
		}
		if btf, err := img.BTF(); err != nil || string(btf) != "btf made by pahole" {
			t.Errorf("BTF is %q, %v; want what the image brings", btf, err)
		}
	}
	if n := len(l.entriesOf(t, "images")); n != 1 {
		t.Errorf("%d images in the store, want one under two names", n)
	}

	// The tag moves; what was resolved stays.
	pushKernel(t, ref, kerneltest.Kernel{Release: "4.19.326"})
	img, err := l.Get(t.Context(), "4.19", GetOptions{Offline: true})
	if err != nil || img.Release != "4.19.325" {
		t.Errorf("again, offline: %+v, %v; want 4.19.325 still", img, err)
	}
	// Once removed, the tag is looked up anew.
	if _, err := l.Remove(t.Context(), "4.19"); err != nil {
		t.Fatal(err)
	}
	if img, err = l.Get(t.Context(), "4.19", l.options()); err != nil || img.Release != "4.19.326" {
		t.Errorf("after it was removed: %+v, %v; want 4.19.326", img, err)
	}
}

func TestGetImageFails(t *testing.T) {
	ref := pushKernel(t, "", kerneltest.Kernel{Release: "4.19.325"})
	l := newLab(t, nil)
	_, err := l.Get(t.Context(), "oci:"+ref+"-not", l.options())
	wantNotAvailable(t, err, "oci:"+ref+"-not", "no source has the image", "connect to the internet")
	_, err = l.Get(t.Context(), "oci:"+strings.TrimPrefix(unreachable(t), "http://")+"/x:y", l.options())
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v, want one that says why", err)
	}
	if _, err := l.Get(t.Context(), "oci:NOT A REF", l.options()); err == nil {
		t.Error("a reference that is none was taken")
	}
}
