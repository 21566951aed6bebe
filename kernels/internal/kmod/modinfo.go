package kmod

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/compress"
)

// maxModule bounds a module's uncompressed size. The largest distributed ones
// (amdgpu with BTF) have about 30 MB; with debug information, ten times that.
const maxModule = 1 << 30

// An Info is what a module says about itself in its .modinfo section, the
// "key=value" strings of MODULE_INFO in include/linux/module.h.
type Info struct {
	Depends []string // names of modules to load first
	Release string   // kernel release it was built for, from vermagic
}

// ReadInfo reads the .modinfo of the module file name, compressed or not.
func ReadInfo(name string) (Info, error) {
	data, err := Read(name)
	if err != nil {
		return Info{}, fmt.Errorf("read module %s: %w", name, err)
	}
	info, err := parseInfo(data)
	if err != nil {
		return Info{}, fmt.Errorf("read module %s: %w", name, err)
	}
	return info, nil
}

// Open returns the uncompressed contents of the module file name.
func Open(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	rc, _, err := compress.OpenAny(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open module %s: %w", name, err)
	}
	return &both{rc, f}, nil
}

// both closes a decoder and then the file it reads.
type both struct {
	io.ReadCloser
	f *os.File
}

func (b *both) Close() error { return errors.Join(b.ReadCloser.Close(), b.f.Close()) }

// Read returns the uncompressed contents of the module file name, as a whole.
func Read(name string) ([]byte, error) {
	rc, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, maxModule+1))
	if err == nil && len(data) > maxModule {
		err = fmt.Errorf("more than %d bytes unpacked", maxModule)
	}
	return data, err
}

func parseInfo(data []byte) (Info, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return Info{}, fmt.Errorf("not a kernel module: %w", err)
	}
	s := f.Section(".modinfo")
	if s == nil {
		return Info{}, errors.New("not a kernel module: no .modinfo section")
	}
	b, err := s.Data()
	if err != nil {
		return Info{}, fmt.Errorf("read .modinfo: %w", err)
	}
	var info Info
	for kv := range bytes.SplitSeq(b, []byte{0}) {
		key, value, _ := strings.Cut(string(kv), "=")
		switch key {
		case "depends":
			info.Depends = splitDepends(value)
		case "vermagic":
			info.Release, _, _ = strings.Cut(value, " ")
		}
	}
	return info, nil
}

func splitDepends(value string) []string {
	var names []string
	for name := range strings.SplitSeq(value, ",") {
		if name != "" {
			names = append(names, Normalise(name))
		}
	}
	return names
}

// Normalise gives a module's name the form the kernel uses: underscores for
// dashes. The file virtio-rng.ko holds the module virtio_rng.
func Normalise(name string) string { return strings.ReplaceAll(name, "-", "_") }
