package deb

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// collect returns the regular files and links of a package.
func collect(data []byte, lim Limits) (map[string]string, error) {
	got := map[string]string{}
	err := Walk(bytes.NewReader(data), lim, func(e *Entry) error {
		switch {
		case e.Mode.IsRegular() && !e.Hard:
			b, err := io.ReadAll(e)
			got[e.Name] = string(b)
			return err
		case e.Link != "":
			got[e.Name] = "-> " + e.Link
		}
		return nil
	})
	return got, err
}

func TestWalk(t *testing.T) {
	files := kerneltest.Files{
		"boot/":             "",
		"boot/vmlinuz":      "kernel",
		"usr/share/odd":     "", // an empty file, and odd lengths pad members
		"usr/src/build":     "-> ../lib",
		"etc/x\\x2d.mount":  "backslashes are harmless",
		"var/lib/long.name": strings.Repeat("x", 100_001),
	}
	want := map[string]string{}
	for name, data := range files {
		if !strings.HasSuffix(name, "/") {
			want[name] = data
		}
	}
	for _, c := range []string{"gzip", "xz", "zstd", ""} {
		t.Run("compression "+c, func(t *testing.T) {
			got, err := collect(kerneltest.Deb(c, files), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("files differ (-want +got):\n%s", d)
			}
		})
	}
}

// tarOf makes a package of one odd tar header.
func tarOf(h tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&h); err != nil {
		panic(err)
	}
	w.Flush()
	w.Close()
	return kerneltest.Ar("debian-binary", "2.0\n", "data.tar", b.String())
}

// sparse makes a package of one file that claims size bytes, all of them a
// hole: the header of GNU tar's old sparse format (tar(5)).
func sparse(size int64) []byte {
	h := make([]byte, 512)
	copy(h, "./hole")
	copy(h[100:], "0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00        S")
	copy(h[257:], "ustar  \x00")
	copy(h[386:], fmt.Sprintf("%011o\x00%011o\x00", size, 0))
	copy(h[483:], fmt.Sprintf("%011o\x00", size))
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return kerneltest.Ar("debian-binary", "2.0\n", "data.tar", string(h)+strings.Repeat("\x00", 1024))
}

func TestWalkRefuses(t *testing.T) {
	good := kerneltest.Deb("gzip", kerneltest.Files{"a": strings.Repeat("a", 10_000), "b": "b"})
	for name, tc := range map[string]struct {
		data []byte
		lim  Limits
		want error  // or
		text string // in the error
	}{
		"absolute name":  {data: tarOf(tar.Header{Name: "/etc/passwd", Typeflag: tar.TypeReg}), want: ErrHostile},
		"name with ..":   {data: tarOf(tar.Header{Name: "./a/../../b", Typeflag: tar.TypeReg}), want: ErrHostile},
		"hard link out":  {data: tarOf(tar.Header{Name: "./a", Linkname: "../b", Typeflag: tar.TypeLink}), want: ErrHostile},
		"device":         {data: tarOf(tar.Header{Name: "./null", Typeflag: tar.TypeChar}), want: ErrHostile},
		"fifo":           {data: tarOf(tar.Header{Name: "./pipe", Typeflag: tar.TypeFifo}), want: ErrHostile},
		"bomb":           {data: good, lim: Limits{Bytes: 4096}, want: ErrTooBig},
		"sparse bomb":    {data: sparse(1 << 32), lim: Limits{Bytes: 1 << 20}, want: ErrTooBig},
		"many entries":   {data: good, lim: Limits{Entries: 1}, want: ErrTooBig},
		"cut short":      {data: good[:len(good)-100], want: io.ErrUnexpectedEOF},
		"not ar":         {data: []byte("PK\x03\x04"), text: "not an ar archive"},
		"no data":        {data: kerneltest.Ar("debian-binary", "2.0\n", "control.tar", ""), text: "no data.tar"},
		"not debian":     {data: kerneltest.Ar("x.o", "x"), text: "not debian-binary"},
		"bad size":       {data: bytes.Replace(good, []byte("4         `\n"), []byte("-4        `\n"), 1), text: "bad member size"},
		"bad header end": {data: bytes.Replace(good, []byte("`\n"), []byte("xx"), 1), text: "bad member header"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := collect(tc.data, tc.lim)
			if err == nil {
				t.Fatal("no error")
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error %v, want one with %q", err, tc.text)
			}
		})
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := WriteFile(root, "a/b/c", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(root, "a/b/c", strings.NewReader("y")); !errors.Is(err, os.ErrExist) {
		t.Errorf("second file of a name: error %v, want %v", err, os.ErrExist)
	}
	outside := t.TempDir()
	if err := os.Symlink(outside, dir+"/out"); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(root, "out/x", strings.NewReader("x")); err == nil {
		t.Error("a link led out of the tree")
	}
}

func FuzzWalk(f *testing.F) {
	for _, c := range []string{"gzip", "xz", "zstd", ""} {
		f.Add(kerneltest.Deb(c, kerneltest.Files{"a/b": "c", "d": "-> e"}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := Limits{Bytes: 1 << 20, Entries: 100}
		n := 0
		_ = Walk(bytes.NewReader(data), lim, func(e *Entry) error {
			if n++; n > lim.Entries {
				t.Errorf("more than %d entries", lim.Entries)
			}
			return checkEntry(e)
		})
	})
}

func FuzzWalkTar(f *testing.F) {
	f.Add(kerneltest.Tar(kerneltest.Files{"a/b": "c", "d": "-> e", "f/": ""}))
	f.Add(sparse(100)[68*2+60:])
	f.Fuzz(func(t *testing.T, data []byte) {
		err := WalkTar(bytes.NewReader(data), Limits{Bytes: 1 << 20, Entries: 100}, checkEntry)
		if errors.Is(err, errBadEntry) {
			t.Error(err)
		}
	})
}

func FuzzAr(f *testing.F) {
	f.Add(kerneltest.Ar("a", "odd", "b", "even"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := newAr(bytes.NewReader(data))
		if err != nil {
			return
		}
		total := int64(0)
		for {
			if _, _, err := a.next(); err != nil {
				break
			}
			n, _ := io.Copy(io.Discard, a)
			total += n
		}
		if total > int64(len(data)) {
			t.Errorf("members have %d bytes, the archive %d", total, len(data))
		}
	})
}

var errBadEntry = errors.New("bad entry let through")

// checkEntry is what every entry that is let through must satisfy.
func checkEntry(e *Entry) error {
	if strings.HasPrefix(e.Name, "/") || strings.Contains("/"+e.Name+"/", "/../") || strings.Contains(e.Name, "\x00") {
		return fmt.Errorf("%w: name %q", errBadEntry, e.Name)
	}
	_, err := io.Copy(io.Discard, e)
	return err
}
