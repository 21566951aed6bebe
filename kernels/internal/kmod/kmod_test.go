package kmod

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

const release = "6.1.0-test"

// tree makes a module directory: bridge needs stp and llc, stp needs llc.
func tree(t *testing.T, more map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string][]byte{
		"kernel/net/llc.ko":               kerneltest.Module(release),
		"kernel/net/stp.ko.xz":            kerneltest.XZ(kerneltest.Module(release, "llc")),
		"kernel/net/bridge.ko.zst":        kerneltest.Compress("zstd", kerneltest.Module(release, "stp", "llc")),
		"kernel/drivers/virtio-rng.ko.gz": kerneltest.Gzip(kerneltest.Module(release, "rng-core")),
		"kernel/drivers/rng-core.ko":      kerneltest.Module(release),
		"modules.builtin":                 []byte("kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio-pci.ko\n"),
		"modules.order":                   []byte("kernel/net/llc.ko\nkernel/sound/snd-pcm.ko\n"),
		"kernel/README":                   []byte("not a module"),
	}
	for name, data := range more {
		files[name] = data
	}
	for name, data := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func scan(t *testing.T) *Tree {
	t.Helper()
	tr, err := Scan(tree(t, nil), release)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestClosure(t *testing.T) {
	tr := scan(t)
	for name, tc := range map[string]struct {
		names []string
		want  []string
	}{
		"dependencies first":  {[]string{"bridge"}, []string{"llc", "stp", "bridge"}},
		"each once":           {[]string{"stp", "bridge", "llc", "bridge"}, []string{"llc", "stp", "bridge"}},
		"in the order asked":  {[]string{"virtio_rng", "llc"}, []string{"rng_core", "virtio_rng", "llc"}},
		"dashes":              {[]string{"virtio-rng"}, []string{"rng_core", "virtio_rng"}},
		"built in is skipped": {[]string{"ext4", "virtio_pci", "llc"}, []string{"llc"}},
		"optional":            {[]string{"nope?", "llc?"}, []string{"llc"}},
		"nothing":             {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := tr.Closure(tc.names)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range list {
				got = append(got, m.Name)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("order differs (-want +got):\n%s", d)
			}
		})
	}
}

func TestClosureUnknown(t *testing.T) {
	tr := scan(t)
	tr.Modules = append(tr.Modules, Module{Name: "needy", Depends: []string{"lost"}})
	for name, tc := range map[string]struct {
		names []string
		want  string
	}{
		"names all":  {[]string{"llc", "nope", "nada"}, "no modules nope, nada in this kernel"},
		"left out":   {[]string{"snd_pcm"}, "module snd_pcm belongs to a driver tree that is left out of the cache"},
		"dependency": {[]string{"needy"}, "no module lost in this kernel, needed by needy"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tr.Closure(tc.names)
			var unknown *UnknownError
			if !errors.As(err, &unknown) || err.Error() != tc.want {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestClosureCycle(t *testing.T) {
	tr := &Tree{Modules: []Module{{Name: "a", Depends: []string{"b"}}, {Name: "b", Depends: []string{"a"}}}}
	if _, err := tr.Closure([]string{"a"}); err == nil || !strings.Contains(err.Error(), "depend on each other") {
		t.Errorf("error %v, want one about the cycle", err)
	}
}

func TestScanRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"other release": {kerneltest.Module("5.10.0"), "is built for 5.10.0, the kernel is " + release},
		"no module":     {[]byte("text"), "not a kernel module"},
		"no modinfo":    {kerneltest.Kernel{Release: release}.Vmlinux(), "no .modinfo"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Scan(tree(t, map[string][]byte{"kernel/bad.ko": tc.data}), release)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	dir := tree(t, nil)
	for _, name := range []string{"kernel/net/llc.ko", "kernel/net/stp.ko.xz", "kernel/net/bridge.ko.zst", "kernel/drivers/virtio-rng.ko.gz"} {
		rc, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err := errors.Join(err, rc.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(b), "\x7fELF") {
			t.Errorf("%s: contents begin with %q, want ELF", name, b[:4])
		}
	}
}
