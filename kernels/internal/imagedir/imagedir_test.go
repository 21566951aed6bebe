package imagedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// fill makes a directory as a source would.
func fill(t *testing.T, k kerneltest.Kernel, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{Kernel: string(k.BzImage("gzip"))}
	for name, data := range files {
		all[name] = data
	}
	for name, data := range all {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var kernel = kerneltest.Kernel{Release: "6.12.0-test", PVH: true, BTF: true, Config: "CONFIG_EMBEDDED=y\n"}

func moduleFiles() map[string]string {
	return map[string]string{
		"lib/modules/6.12.0-test/kernel/a.ko":     string(kerneltest.Module("6.12.0-test")),
		"lib/modules/6.12.0-test/modules.builtin": "kernel/b.ko\n",
	}
}

func finish(t *testing.T, dir string) *Manifest {
	t.Helper()
	m, err := Finish(dir, Manifest{Source: "debian", Version: "6.12.0-1"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFinish(t *testing.T) {
	dir := fill(t, kernel, moduleFiles())
	m := finish(t, dir)
	if m.Release != kernel.Release || !m.PVH || m.Vmlinux != Vmlinux || m.Modules != "lib/modules/6.12.0-test" {
		t.Errorf("manifest is %+v", m)
	}
	if got, err := os.ReadFile(filepath.Join(dir, Vmlinux)); err != nil || string(got) != string(kernel.Vmlinux()) {
		t.Errorf("vmlinux has %d bytes, %v", len(got), err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, m.Config)); err != nil || string(got) != kernel.Config {
		t.Errorf("configuration is %q, %v; want the embedded one", got, err)
	}
	again, err := Load(dir)
	if err != nil || again.Digest != m.Digest || len(m.Digest) != 64 {
		t.Errorf("loaded manifest %+v, %v; want %+v", again, err, m)
	}
	tree, err := Index(dir)
	if err != nil || len(tree.Modules) != 1 || len(tree.Builtin) != 1 {
		t.Errorf("module index %+v, %v", tree, err)
	}
	if err := Verify(dir); err != nil {
		t.Error(err)
	}
}

// Equal kernels have equal digests; another kernel or module has another.
func TestDigest(t *testing.T) {
	base := finish(t, fill(t, kernel, moduleFiles())).Digest
	if got := finish(t, fill(t, kernel, moduleFiles())).Digest; got != base {
		t.Error("digests of equal directories differ")
	}
	files := moduleFiles()
	files["config"] = "CONFIG_OTHER=y\n"
	if got := finish(t, fill(t, kernel, files)).Digest; got != base {
		t.Error("the packaged configuration changes the digest")
	}
	files["lib/modules/6.12.0-test/kernel/a.ko"] += "x"
	if got := finish(t, fill(t, kernel, files)).Digest; got == base {
		t.Error("another module does not change the digest")
	}
	other := kernel
	other.BTF = false
	if got := finish(t, fill(t, other, moduleFiles())).Digest; got == base {
		t.Error("another kernel does not change the digest")
	}
}

func TestFinishRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no kernel":      {map[string]string{Kernel: "text"}, "neither a bzImage"},
		"foreign module": {map[string]string{"lib/modules/6.12.0-test/a.ko": string(kerneltest.Module("6.1.0"))}, "built for 6.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Finish(fill(t, kernel, tc.files), Manifest{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestDamage(t *testing.T) {
	// A change that keeps size and time is for Verify to find.
	sameSize := func(t *testing.T, dir, name string) {
		p := filepath.Join(dir, name)
		st, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2]++
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, st.ModTime(), st.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	const module = "lib/modules/6.12.0-test/kernel/a.ko"
	for name, tc := range map[string]struct {
		damage func(t *testing.T, dir string)
		load   bool // Load finds it
		file   string
	}{
		"kernel cut short": {func(t *testing.T, dir string) { truncate(t, dir, Kernel) }, true, Kernel},
		"vmlinux is gone":  {func(t *testing.T, dir string) { remove(t, dir, Vmlinux) }, true, Vmlinux},
		"kernel touched": {func(t *testing.T, dir string) {
			now := time.Now().Add(time.Hour)
			if err := os.Chtimes(filepath.Join(dir, Kernel), now, now); err != nil {
				t.Fatal(err)
			}
		}, true, Kernel},
		"manifest is gone":      {func(t *testing.T, dir string) { remove(t, dir, manifestFile) }, true, manifestFile},
		"manifest cut short":    {func(t *testing.T, dir string) { truncate(t, dir, manifestFile) }, true, manifestFile},
		"bit rot in the kernel": {func(t *testing.T, dir string) { sameSize(t, dir, Kernel) }, false, Kernel},
		"bit rot in a module":   {func(t *testing.T, dir string) { sameSize(t, dir, module) }, false, module},
		"module is gone":        {func(t *testing.T, dir string) { remove(t, dir, module) }, false, module},
	} {
		t.Run(name, func(t *testing.T) {
			dir := fill(t, kernel, moduleFiles())
			finish(t, dir)
			tc.damage(t, dir)
			if _, err := Load(dir); errors.Is(err, ErrDamaged) != tc.load {
				t.Errorf("Load: error %v, want damage found: %v", err, tc.load)
			}
			if err := Verify(dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), tc.file) {
				t.Errorf("Verify: error %v, want one that names %s", err, tc.file)
			}
		})
	}
}

func truncate(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Truncate(filepath.Join(dir, name), 100); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestLoadOther(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
	dir := fill(t, kernel, nil)
	finish(t, dir)
	if err := os.WriteFile(filepath.Join(dir, manifestFile), []byte(`{"schema":"assay.kernel/v0"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("manifest of another form: error %v, want %v", err, ErrDamaged)
	}
}
