package bzimage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/assay-lab/assay/kernels/internal/compress"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

func TestParse(t *testing.T) {
	k := kerneltest.Kernel{Release: "4.19.255", PVH: true, BTF: true, Config: "CONFIG_A=y\n"}
	for _, c := range []string{"gzip", "xz", "zstd", "lz4", ""} {
		t.Run("compression "+c, func(t *testing.T) {
			img, err := Parse(k.BzImage(c))
			if err != nil {
				t.Fatal(err)
			}
			if img.Release != k.Release || img.ELF {
				t.Errorf("release %q, ELF %v; want %q, false", img.Release, img.ELF, k.Release)
			}
			var got bytes.Buffer
			if err := img.WriteVmlinux(&got); err != nil {
				t.Fatal(err)
			}
			if c == "" { // the size that trails a payload is not told apart from ELF
				got.Truncate(len(k.Vmlinux()))
			}
			if !bytes.Equal(got.Bytes(), k.Vmlinux()) {
				t.Error("unpacked kernel differs from the one packed")
			}
		})
	}
}

func TestParseELF(t *testing.T) {
	k := kerneltest.Kernel{Release: "7.2.12+deb13-cloud-amd64", BTF: true, Config: "CONFIG_A=y\n"}
	img, err := Parse(k.Vmlinux())
	if err != nil {
		t.Fatal(err)
	}
	if img.Release != k.Release || !img.ELF {
		t.Errorf("release %q, ELF %v; want %q, true", img.Release, img.ELF, k.Release)
	}
	cfg, err := EmbeddedConfig(k.Vmlinux())
	if err != nil || string(cfg) != k.Config {
		t.Errorf("embedded configuration %q, %v; want %q", cfg, err, k.Config)
	}
	btf, err := Section(bytes.NewReader(k.Vmlinux()), ".BTF")
	if err != nil || !bytes.Equal(btf, kerneltest.BTF) {
		t.Errorf(".BTF is %q, %v; want %q", btf, err, kerneltest.BTF)
	}
	if _, err := Section(bytes.NewReader(k.Vmlinux()), ".nope"); !errors.Is(err, ErrNoSection) {
		t.Errorf("error %v, want %v", err, ErrNoSection)
	}
}

func TestHasPVH(t *testing.T) {
	for _, want := range []bool{true, false} {
		k := kerneltest.Kernel{Release: "6.1.0", PVH: want}
		got, err := HasPVH(bytes.NewReader(k.Vmlinux()))
		if err != nil || got != want {
			t.Errorf("HasPVH = %v, %v; want %v", got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := kerneltest.Kernel{Release: "6.1.0"}.BzImage("gzip")
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"text":          {[]byte("#!/bin/sh"), "neither"},
		"nothing":       {nil, "neither"},
		"cut short":     {good[:len(good)/2], "cut short"},
		"odd release":   {change(func(b []byte) { copy(b[0x300:], "../../etc") }), "odd version"},
		"no version":    {change(func(b []byte) { b[0x20e], b[0x20f] = 0, 0 }), "no version"},
		"odd ELF":       {[]byte("\x7fELFnonsense"), "neither"},
		"ELF, no Linux": {bytes.ReplaceAll(kerneltest.Kernel{Release: "6.1.0"}.Vmlinux(), []byte("Linux"), []byte("Hurd.")), "Linux version"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tc.data)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestWriteVmlinuxRefuses(t *testing.T) {
	t.Run("size is wrong", func(t *testing.T) {
		img, err := Parse(kerneltest.Kernel{Release: "6.1.0"}.BzImage("gzip"))
		if err != nil {
			t.Fatal(err)
		}
		img.size--
		if err := img.WriteVmlinux(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "header states") {
			t.Errorf("error %v, want one about the size", err)
		}
	})
	t.Run("compression is unknown", func(t *testing.T) {
		b := kerneltest.Kernel{Release: "6.1.0"}.BzImage("gzip")
		off := 5*512 + int(binary.LittleEndian.Uint32(b[0x248:]))
		copy(b[off:], "LZMA")
		img, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := img.WriteVmlinux(&bytes.Buffer{}); !errors.Is(err, compress.ErrUnknown) {
			t.Errorf("error %v, want %v", err, compress.ErrUnknown)
		}
	})
}

func FuzzParse(f *testing.F) {
	k := kerneltest.Kernel{Release: "6.1.0", PVH: true, Config: "CONFIG_A=y\n"}
	f.Add(k.BzImage("gzip"))
	f.Add(k.Vmlinux())
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Parse(data)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if img.size < 1<<20 && img.WriteVmlinux(&out) == nil {
			_, _ = HasPVH(bytes.NewReader(out.Bytes()))
			_, _ = EmbeddedConfig(out.Bytes())
		}
	})
}
