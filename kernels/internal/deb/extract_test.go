package deb

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

func extract(t *testing.T, strip int, archives ...[]byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	x := &Extractor{Root: root, Strip: strip}
	for _, a := range archives {
		if err := WalkTar(bytes.NewReader(a), Limits{}, x.Visit); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

func TestExtract(t *testing.T) {
	dir, err := extract(t, 0,
		kerneltest.Tar(kerneltest.Files{
			"usr/src/linux/Makefile": "make", "usr/lib/": "",
			"lib/modules/1/build": "-> /usr/src/linux", // absolute: from the tree's root
			"usr/src/scripts":     "-> linux/../linux",
		}),
		kerneltest.Tar(kerneltest.Files{"usr/src/linux/Makefile": "newer"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"usr/src/linux/Makefile", "lib/modules/1/build/Makefile", "usr/src/scripts/Makefile"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "newer" {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "usr/lib")); err != nil || !st.IsDir() {
		t.Errorf("empty directory: %v", err)
	}
}

func TestExtractStrip(t *testing.T) {
	dir, err := extract(t, 1, kerneltest.Tar(kerneltest.Files{"linux-6.1/a/b": "x", "linux-6.1/": "", "top": "passed over"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a/b")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "top")); err == nil {
		t.Error("an entry with nothing left of its name was laid out")
	}
}

func TestExtractKeepsExecutable(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, mode := range map[string]int64{"run": 0o4755, "data": 0o666} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	dir, err := extract(t, 0, b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"run": 0o755, "data": 0o644} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", name, st.Mode(), err, want)
		}
	}
}

func TestExtractRefuses(t *testing.T) {
	for name, files := range map[string]kerneltest.Files{
		"link out":         {"a/b": "-> ../../etc"},
		"link to parent":   {"a": "-> .."},
		"through its link": {"a": "-> b/../..", "b/c": "x"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := extract(t, 0, kerneltest.Tar(files)); !errors.Is(err, ErrHostile) {
				t.Errorf("error %v, want %v", err, ErrHostile)
			}
		})
	}
}

// Whatever an archive holds, nothing may appear outside the directory.
func FuzzExtract(f *testing.F) {
	f.Add(kerneltest.Tar(kerneltest.Files{"a/b": "c", "d": "-> /a", "e": "-> ../x", "d/x": "y"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		x := &Extractor{Root: root}
		_ = WalkTar(bytes.NewReader(data), Limits{Bytes: 1 << 20, Entries: 100}, x.Visit)
		if list, err := os.ReadDir(parent); err != nil || len(list) != 1 {
			t.Errorf("outside the directory: %v, %v", list, err)
		}
	})
}
