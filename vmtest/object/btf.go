package object

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/mikelolasagasti/xz"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
)

// haveTypes tells of kernels, by digest, whether they have type information.
var haveTypes sync.Map

// hasTypes tells whether a kernel has type information of its own.
func hasTypes(image *kernels.Image) bool {
	if has, ok := haveTypes.Load(image.Digest); ok {
		return has.(bool)
	}
	_, err := image.BTF()
	has := !errors.Is(err, kernels.ErrNoBTF)
	haveTypes.Store(image.Digest, has)
	return has
}

// maxTypes is far more than the type information of any kernel takes.
const maxTypes = 256 << 20

// TypesFor returns the type information of the kernel of a release, from a file or
// a directory. A file is type information as such, an ELF file that has it (.BTF),
// or one of either packed with xz, or with tar and xz as BTFHub does. An ELF file
// that has only debugging information is converted by pahole, if that is installed.
// In a directory, and in those below it, the file is called RELEASE.btf,
// RELEASE.btf.tar.xz, RELEASE.btf.xz, or vmlinux-RELEASE: in BTFHub's archive
// DISTRIBUTION/VERSION/x86_64/RELEASE.btf.tar.xz.
func TypesFor(ctx context.Context, path, release string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, &FileError{path, errors.Unwrap(err)}
	}
	if st.IsDir() {
		file, err := findTypes(path, release)
		if err != nil {
			return nil, err
		}
		path = file
	}
	return readTypes(ctx, path)
}

// findTypes finds the file for a release in a directory.
func findTypes(dir, release string) (string, error) {
	names := []string{release + ".btf", release + ".btf.tar.xz", release + ".btf.xz", "vmlinux-" + release, "vmlinux-" + release + ".btf"}
	var found []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "arm64" || d.Name() == ".git"):
			return fs.SkipDir
		case d.Type().IsRegular() && slices.Contains(names, d.Name()):
			found = append(found, p)
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", &FileError{dir, fmt.Errorf("has no type information for kernel %s: want %s, in it or below it", release, strings.Join(names[:3], " or "))}
	case len(found) > 1:
		return "", &FileError{dir, fmt.Errorf("has several for kernel %s: %s; name one of them", release, strings.Join(found, ", "))}
	}
	return found[0], nil
}

func readTypes(ctx context.Context, file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	name := file
	if strings.HasSuffix(name, ".xz") {
		if r, err = xz.NewReader(f, xz.DefaultDictMax); err != nil {
			return nil, &FileError{file, err}
		}
		name = strings.TrimSuffix(name, ".xz")
	}
	if strings.HasSuffix(name, ".tar") {
		if r, err = firstFile(r); err != nil {
			return nil, &FileError{file, err}
		}
	}
	if e, err := elf.NewFile(f); err == nil && e.Section(".BTF") == nil && e.Section(".debug_info") != nil {
		return convert(ctx, file)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxTypes+1))
	switch {
	case err != nil:
		return nil, &FileError{file, err}
	case len(data) > maxTypes:
		return nil, &FileError{file, fmt.Errorf("has more than %d MiB of type information", maxTypes>>20)}
	}
	return sectionOf(file, data)
}

// firstFile goes to the first regular file of an archive.
func firstFile(r io.Reader) (io.Reader, error) {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err != nil {
			return nil, fmt.Errorf("look for a file in the archive: %w", err)
		}
		if h.Typeflag == tar.TypeReg {
			return t, nil
		}
	}
}

// sectionOf takes the types out of an ELF file.
func sectionOf(file string, data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte{0x9f, 0xeb}) { // BTF's magic number
		return data, nil
	}
	e, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, &FileError{file, errors.New("is no type information (BTF), nor an ELF file that has it")}
	}
	s := e.Section(".BTF")
	if s == nil {
		return nil, &FileError{file, errors.New("is an ELF file without type information (.BTF) or debugging information")}
	}
	return s.Data()
}

// convert makes type information of debugging information, once for each file.
func convert(ctx context.Context, file string) ([]byte, error) {
	pahole, err := exec.LookPath("pahole")
	if err != nil {
		return nil, &FileError{file, errors.New("has debugging information, which pahole would convert: install it (package dwarves or pahole)")}
	}
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	cache, err := vmtest.DefaultCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "btf")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", abs, st.Size(), st.ModTime().UnixNano()))
	kept := filepath.Join(dir, fmt.Sprintf("%x.btf", key[:8]))
	if data, err := os.ReadFile(kept); err == nil {
		return data, nil
	}
	tmp := fmt.Sprintf("%s.tmp.%d", kept, os.Getpid())
	defer os.Remove(tmp)
	if out, err := exec.CommandContext(ctx, pahole, "--btf_encode_detached="+tmp, file).CombinedOutput(); err != nil {
		return nil, &FileError{file, fmt.Errorf("convert with pahole: %w: %s", err, firstLine(out))}
	}
	data, err := os.ReadFile(tmp)
	if err != nil {
		return nil, err
	}
	return data, os.Rename(tmp, kept)
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return string(line)
}

// debugFiles are where distributions put kernels with their debugging information.
func debugFiles(release string) []string {
	return []string{
		"/usr/lib/debug/boot/vmlinux-" + release,
		"/usr/lib/debug/lib/modules/" + release + "/vmlinux",
		"/usr/lib/debug/boot/vmlinux-" + release + ".debug",
	}
}

// types returns the type information to give to a kernel: nil for one that has its
// own, or if there is none to be had.
func (o *Options) types(ctx context.Context, image *kernels.Image) ([]byte, error) {
	if hasTypes(image) {
		return nil, nil
	}
	if o.BTF != "" {
		return TypesFor(ctx, o.BTF, image.Release)
	}
	for _, file := range debugFiles(image.Release) {
		if _, err := os.Stat(file); err == nil {
			return readTypes(ctx, file)
		}
	}
	return nil, nil
}
