package oci

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// push puts an image of the files, one layer each, on a registry of its own.
func push(t *testing.T, layers ...kerneltest.Files) (ref string) {
	t.Helper()
	srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	ref = strings.TrimPrefix(srv.URL, "http://") + "/kernel-images:4.19-main"
	img, err := kerneltest.OCI(layers...)
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

func TestUnpack(t *testing.T) {
	const rel = "4.19.325"
	boot := string(kerneltest.Kernel{Release: rel}.BzImage("gzip"))
	module := string(kerneltest.Module(rel))
	for layout, layers := range map[string][]kerneltest.Files{
		"little-vm-helper": {
			{"bin/busybox": "busybox"},
			{
				"data/kernels/4.19/boot/vmlinuz-" + rel: boot, "data/kernels/4.19/boot/vmlinux-" + rel: "not wanted",
				"data/kernels/4.19/boot/config-" + rel: "CONFIG_X=y\n", "data/kernels/4.19/boot/btf-" + rel: "btf",
				"data/kernels/4.19/lib/modules/" + rel + "/kernel/a.ko":     module,
				"data/kernels/4.19/lib/modules/" + rel + "/modules.builtin": "kernel/b.ko\n",
				"data/kernels/4.19/lib/modules/" + rel + "/build":           "-> /usr/src",
			},
		},
		"ci-kernels": {{
			"boot/vmlinuz": boot, "boot/config": "CONFIG_X=y\n", "boot/btf": "btf",
			"lib/modules/" + rel + "/extra/a.ko":      module,
			"lib/modules/" + rel + "/modules.builtin": "kernel/b.ko\n",
		}},
	} {
		t.Run(layout, func(t *testing.T) {
			ref := push(t, layers...)
			exact, err := Resolve(t.Context(), http.DefaultTransport, ref)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(exact, "@sha256:") {
				t.Errorf("resolved to %q, want a digest", exact)
			}
			dir := t.TempDir()
			var told int64
			if err := Unpack(t.Context(), http.DefaultTransport, exact, dir, func(done, _ int64) { told = done }); err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]string{"vmlinuz": boot, "config": "CONFIG_X=y\n", "btf": "btf", "lib/modules/" + rel + "/modules.builtin": "kernel/b.ko\n"} {
				if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
					t.Errorf("%s holds %.20q, %v; want %.20q", file, got, err, want)
				}
			}
			if mods, _ := filepath.Glob(filepath.Join(dir, "lib/modules", rel, "*", "a.ko")); len(mods) != 1 {
				t.Errorf("modules are %v, want a.ko", mods)
			}
			if told == 0 {
				t.Error("no progress was told")
			}
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		files kerneltest.Files
		want  error
	}{
		"no kernel":   {kerneltest.Files{"bin/busybox": "busybox"}, ErrNoKernel},
		"two kernels": {kerneltest.Files{"boot/vmlinuz-1": "a", "boot/vmlinuz-2": "b"}, os.ErrExist},
	} {
		t.Run(name, func(t *testing.T) {
			exact, err := Resolve(t.Context(), http.DefaultTransport, push(t, tc.files))
			if err != nil {
				t.Fatal(err)
			}
			err = Unpack(t.Context(), http.DefaultTransport, exact, t.TempDir(), nil)
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAsk(t *testing.T) {
	ref := push(t, kerneltest.Files{"boot/vmlinuz": "x"})
	if err := Ask(t.Context(), http.DefaultTransport, ref); err != nil {
		t.Error(err)
	}
	if err := Ask(t.Context(), http.DefaultTransport, ref+"-not"); err == nil {
		t.Error("an image that is not there was found")
	}
}

func TestPlace(t *testing.T) {
	for file, want := range map[string]string{
		"boot/vmlinuz":                           "vmlinuz",
		"data/kernels/4.19/boot/vmlinuz-4.19.3":  "vmlinuz",
		"boot/vmlinux-4.19.3":                    "",
		"reboot/vmlinuz":                         "",
		"x/lib/modules/4.19/kernel/net/a.ko":     "lib/modules/4.19/kernel/net/a.ko",
		"lib/modules/4.19/modules.order":         "lib/modules/4.19/modules.order",
		"lib/modules/4.19/source/kernel/fork.c":  "",
		"usr/lib/modules/4.19/updates/dkms/b.ko": "lib/modules/4.19/updates/dkms/b.ko",
	} {
		if got := place(file); got != want {
			t.Errorf("place(%q) = %q, want %q", file, got, want)
		}
	}
}
