package kernels

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// old is a kernel as one builds it oneself: no PVH, no BTF, all built in, its
// configuration inside.
var old = kerneltest.Kernel{Release: "4.19.255", Config: "CONFIG_BPF=y\n"}

// A bzImage of one's own stands in for a kernel that cannot be had.
func TestAdd(t *testing.T) {
	l := newLab(t, nil)
	if _, err := l.Add(t.Context(), "4.19", writeFile(t, "bzImage", old.BzImage("gzip")), AddOptions{}); err != nil {
		t.Fatal(err)
	}
	o := l.options()
	o.Offline = true
	img, err := l.Get(t.Context(), "4.19", o)
	if err != nil {
		t.Fatal(err)
	}
	if img.Name != "4.19" || img.Series != "4.19" || img.Release != "4.19.255" || img.Source != "local" || img.PVH || img.Modules != "" {
		t.Errorf("image is %+v", img)
	}
	if b, err := os.ReadFile(img.Config); err != nil || string(b) != old.Config {
		t.Errorf("configuration is %q, %v; want the embedded one", b, err)
	}
	if b, err := os.ReadFile(img.Vmlinux); err != nil || string(b) != string(old.Vmlinux()) {
		t.Errorf("vmlinux has %d bytes, %v", len(b), err)
	}
	mods, err := img.ModuleClosure([]string{"bridge", "virtio_net"})
	if err != nil || len(mods) != 0 {
		t.Errorf("modules are %v, %v; want none, all are built in", mods, err)
	}
	if n := l.requests(); n != 0 {
		t.Errorf("made %d requests, want none", n)
	}
}

// moduleDir makes what "make modules_install INSTALL_MOD_PATH=dir" makes.
func moduleDir(t *testing.T, release string) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "lib/modules", release)
	if err := os.MkdirAll(filepath.Join(dir, "kernel/net"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"kernel/net/llc.ko":   kerneltest.Module(release),
		"kernel/net/stp.ko":   kerneltest.Module(release, "llc"),
		"modules.order":       []byte("kernel/net/llc.ko\nkernel/net/stp.ko\n"),
		"modules.builtin":     nil,
		"modules.dep.bin":     []byte("kept"),
		"kernel/net/Makefile": []byte("kept"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/usr/src/linux", filepath.Join(dir, "build")); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestAddModules(t *testing.T) {
	l := newLab(t, nil)
	k := modern("6.13.0-mine")
	root := moduleDir(t, k.Release)
	for name, dir := range map[string]string{
		"root": root,
		"lib":  filepath.Join(root, "lib/modules"),
		"leaf": filepath.Join(root, "lib/modules", k.Release),
	} {
		img, err := l.Add(t.Context(), name, writeFile(t, "bzImage", k.BzImage("xz")), AddOptions{Modules: dir, Config: writeFile(t, "config", []byte("CONFIG_Y=y\n"))})
		if err != nil {
			t.Fatal(err)
		}
		if img.Series != "" {
			t.Errorf("series is %q; the catalogue knows no 6.13", img.Series)
		}
		mods, err := img.ModuleClosure([]string{"stp"})
		if got, want := names(mods), "[llc stp]"; err != nil || got != want {
			t.Errorf("modules to load are %s, %v; want %s", got, err, want)
		}
		if strings.HasPrefix(mods[0].Path, root) {
			t.Errorf("module %s was not copied", mods[0].Path)
		}
	}
	if n := len(l.entriesOf(t, "images")); n != 1 {
		t.Errorf("%d images, want one for three equal kernels", n)
	}
}

func TestAddRefuses(t *testing.T) {
	bz := writeFile(t, "bzImage", old.BzImage("gzip"))
	elf := writeFile(t, "vmlinux", old.Vmlinux())
	for name, tc := range map[string]struct {
		name, file string
		o          AddOptions
		want       string
		status     int // 0 for an error without one
	}{
		"bad name":        {"../x", bz, AddOptions{}, "bad kernel name", 2},
		"other series":    {"6.1", bz, AddOptions{}, "belongs to series 6.1, but the kernel is 4.19.255", 2},
		"no such file":    {"mine", bz + "-not", AddOptions{}, "no such file", 0},
		"no kernel":       {"mine", writeFile(t, "x", []byte("text")), AddOptions{}, "neither a bzImage nor", 0},
		"a directory":     {"mine", t.TempDir(), AddOptions{}, "not a regular file", 0},
		"ELF without PVH": {"mine", elf, AddOptions{}, "QEMU cannot boot\ngive its bzImage", 0},
		"no modules":      {"mine", bz, AddOptions{Modules: t.TempDir()}, "no modules of 4.19.255", 0},
		"no module dir":   {"mine", bz, AddOptions{Modules: bz}, "not a directory", 0},
		"others' modules": {"mine", bz, AddOptions{Modules: filepath.Join(moduleDir(t, "6.1.0"), "lib/modules/6.1.0")}, "built for 6.1.0, the kernel is 4.19.255", 0},
		"no config":       {"mine", bz, AddOptions{Config: bz + "-not"}, "kernel configuration", 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, nil)
			_, err := l.Add(t.Context(), tc.name, tc.file, tc.o)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want one with %q", err, tc.want)
			}
			var coded interface{ ExitCode() int }
			if status := 0; errors.As(err, &coded) {
				if status = coded.ExitCode(); status != tc.status {
					t.Errorf("exit status %d, want %d", status, tc.status)
				}
			} else if tc.status != 0 {
				t.Errorf("no exit status, want %d", tc.status)
			}
			if left := l.entriesOf(t, "names"); len(left) > 0 {
				t.Errorf("names are left: %v", left)
			}
		})
	}
}

// A damaged kernel of the user's cannot be fetched again; the user is told what
// to do.
func TestAddedDamaged(t *testing.T) {
	l := newLab(t, nil)
	file := writeFile(t, "bzImage", old.BzImage("gzip"))
	img, err := l.Add(t.Context(), "mine", file, AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(img.Vmlinux); err != nil {
		t.Fatal(err)
	}
	_, err = l.Get(t.Context(), "mine", l.options())
	wantNotAvailable(t, err, "mine", "assay kernels add mine "+file)
	if _, err := l.Add(t.Context(), "mine", file, AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(t.Context(), "mine", l.options()); err != nil {
		t.Errorf("after it was added again: %v", err)
	}
}

func TestGetPath(t *testing.T) {
	l := newLab(t, nil)
	k := modern("6.12.99-mine")
	bz := writeFile(t, "boot/bzImage", k.BzImage("zstd"))
	root := moduleDir(t, k.Release)
	for name, tc := range map[string]struct{ spec, modules string }{
		"bzImage":             {bz, ""},
		"bzImage and modules": {bz + ":" + root, k.Release},
		"ELF":                 {writeFile(t, "vmlinux", k.Vmlinux()), ""},
		"colon in the name":   {writeFile(t, "a:b", k.BzImage("gzip")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			img, err := l.Get(t.Context(), tc.spec, GetOptions{Offline: true})
			if err != nil {
				t.Fatal(err)
			}
			if img.Name != tc.spec || img.Series != "6.12" || img.Release != k.Release || !img.PVH {
				t.Errorf("image is %+v", img)
			}
			if got := strings.TrimPrefix(filepath.Base(img.Modules), "."); got != tc.modules {
				t.Errorf("modules are %q, want %q", got, tc.modules)
			}
		})
	}
	if _, err := l.Get(t.Context(), "./no-such-file", l.options()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v", err, os.ErrNotExist)
	}
}

// A kernel installed by a distribution brings what lies beside it.
func TestGetInstalled(t *testing.T) {
	l := newLab(t, nil)
	k := modern("6.12.99-amd64")
	root := moduleDir(t, k.Release)
	if err := os.Mkdir(filepath.Join(root, "boot"), 0o755); err != nil {
		t.Fatal(err)
	}
	vmlinuz := filepath.Join(root, "boot/vmlinuz-"+k.Release)
	for name, data := range map[string]string{"vmlinuz-": string(k.BzImage("zstd")), "config-": "CONFIG_Z=y\n"} {
		if err := os.WriteFile(filepath.Join(root, "boot", name+k.Release), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	img, err := l.Get(t.Context(), vmlinuz, l.options())
	if err != nil {
		t.Fatal(err)
	}
	if img.Modules == "" || img.Config == "" {
		t.Errorf("modules %q, configuration %q; want both", img.Modules, img.Config)
	}
}

// Kernels that were given as files and forgotten go; those with a name stay.
func TestPrune(t *testing.T) {
	l := newLab(t, nil)
	file := func(release string) string { return writeFile(t, "bzImage", modern(release).BzImage("gzip")) }
	if _, err := l.Add(t.Context(), "mine", file("6.12.1"), AddOptions{}); err != nil {
		t.Fatal(err)
	}
	get := func(path string) *Image {
		t.Helper()
		img, err := l.Get(t.Context(), path, l.options())
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	forgotten, used := file("6.12.2"), file("6.12.3")
	first := get(forgotten)
	get(used)
	clock := time.Now()
	l.now = func() time.Time { return clock }
	clock = clock.Add(keepUnnamed - time.Hour)
	get(used)
	clock = clock.Add(2 * time.Hour)
	get(file("6.12.4")) // a new one makes room
	if _, err := os.Stat(first.Kernel); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("forgotten kernel: %v, want it gone", err)
	}
	if got := len(l.entriesOf(t, "images")); got != 3 {
		t.Errorf("%d images, want the named, the used and the new one", got)
	}
}

func TestRemove(t *testing.T) {
	l := withKernels(t)
	file := writeFile(t, "bzImage", old.BzImage("gzip"))
	for _, name := range []string{"mine", "yours"} { // of one image
		if _, err := l.Add(t.Context(), name, file, AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	if freed, err := l.Remove(t.Context(), "mine"); err != nil || freed != 0 {
		t.Errorf("freed %d, %v; want 0, another name has the image", freed, err)
	}
	if _, err := l.Get(t.Context(), "yours", l.options()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"yours", "6.1"} {
		if freed, err := l.Remove(t.Context(), name); err != nil || freed == 0 {
			t.Errorf("%s: freed %d, %v; want more than 0", name, freed, err)
		}
	}
	for _, dir := range []string{"images", "names"} {
		if left := l.entriesOf(t, dir); len(left) > 0 {
			t.Errorf("%s: %v is left", dir, left)
		}
	}
	var unknown *UnknownError
	if _, err := l.Remove(t.Context(), "mine"); !errors.As(err, &unknown) {
		t.Errorf("error %v, want an *UnknownError", err)
	}
	if freed, err := l.Remove(t.Context(), "6.12"); err != nil || freed != 0 {
		t.Errorf("a kernel that is not cached: freed %d, %v; want 0", freed, err)
	}
}
