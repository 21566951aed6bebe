package object

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// A FileError is a file that cannot be certified, and what its user can do.
type FileError struct {
	File string
	Err  error
}

// Error implements error.
func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// ExitCode is 2: wrong use.
func (e *FileError) ExitCode() int { return 2 }

// An object is one that was read.
type object struct {
	name   string // in reports
	data   []byte
	sha256 string
	only   string // the one program that is wanted; "" for all
	// unreadable is why nothing more is known of it than that it is one.
	unreadable error
	*parse.Object
}

// unreadablePart stands for the programs of an object that cannot be read.
const unreadablePart = "(unreadable)"

// programs are the names of the programs that are wanted.
func (o *object) programs() []string {
	switch {
	case o.unreadable != nil:
		return []string{unreadablePart}
	case o.only != "":
		return []string{o.only}
	}
	return o.Programs()
}

// has tells whether the object has a program.
func (o *object) has(program string) bool {
	return o.unreadable == nil && o.Spec.Programs[program] != nil
}

// maxObject is far more than the largest object there is has, and maxProgram more
// than an executable that carries some.
const (
	maxObject  = 64 << 20
	maxProgram = 1 << 30
)

// readFile reads the objects in a file: the object that it is or, if it is an
// executable, those that it carries, as programs made with bpf2go or with libbpf's
// skeletons do.
func readFile(file, name string) ([]*object, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, &FileError{file, errors.New("is not a regular file")}
	case st.Size() > maxObject:
		return readCarried(f, st, file, name)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	if isExecutable(data) {
		return carriedIn(data, file, name)
	}
	o, err := newObject(name, data)
	if err != nil {
		err = &FileError{file, err}
	}
	return []*object{o}, err
}

// newObject reads an object. One that it cannot read it returns with an error.
func newObject(name string, data []byte) (*object, error) {
	p, err := parse.Bytes(data)
	sum := sha256.Sum256(data)
	return &object{name: name, data: data, sha256: hex.EncodeToString(sum[:]), unreadable: err, Object: p}, err
}

// readCarried reads what is too large to be an object, but may carry some.
func readCarried(f *os.File, st fs.FileInfo, file, name string) ([]*object, error) {
	head := make([]byte, 64)
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, err
	}
	if !isExecutable(head) || st.Size() > maxProgram {
		return nil, &FileError{file, fmt.Errorf("has %d MiB, and no BPF object has more than %d; name an object made by clang -target bpf", st.Size()>>20, maxObject>>20)}
	}
	data := make([]byte, st.Size())
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, err
	}
	return carriedIn(data, file, name)
}

// isExecutable tells an executable or a library for another machine than BPF.
func isExecutable(data []byte) bool {
	if len(data) < 64 || !bytes.HasPrefix(data, []byte(elf.ELFMAG)) || data[elf.EI_DATA] != byte(elf.ELFDATA2LSB) {
		return false
	}
	t := elf.Type(binary.LittleEndian.Uint16(data[16:]))
	return t == elf.ET_EXEC || t == elf.ET_DYN
}

// objectStart begins every BPF object for machines of this byte order.
var objectStart = []byte(elf.ELFMAG + "\x02\x01\x01")

// carriedIn finds the objects that an executable carries.
func carriedIn(data []byte, file, name string) (all []*object, err error) {
	for rest, at := data[1:], 1; ; {
		i := bytes.Index(rest, objectStart)
		if i < 0 {
			break
		}
		at, rest = at+i, rest[i:]
		size := objectSize(rest)
		if size == 0 {
			at, rest = at+1, rest[1:]
			continue
		}
		o, err := newObject(name, rest[:size])
		if err != nil {
			return nil, &FileError{file, fmt.Errorf("the object at byte %d of it %w", at, err)}
		}
		all = append(all, o)
		at, rest = at+size, rest[size:]
	}
	if len(all) == 0 {
		return nil, &FileError{file, errors.New("is an executable that carries no BPF object; name an object made by clang -target bpf")}
	}
	if len(all) > 1 {
		for i, o := range all {
			o.name = fmt.Sprintf("%s#%d", name, i+1)
		}
	}
	return all, nil
}

// objectSize is how long the BPF object is that begins here, 0 if none does: its
// table of sections comes last, as all compilers write it.
func objectSize(data []byte) int {
	var h elf.Header64
	if _, err := binary.Decode(data, binary.LittleEndian, &h); err != nil {
		return 0
	}
	end := h.Shoff + uint64(h.Shnum)*uint64(h.Shentsize)
	if elf.Type(h.Type) != elf.ET_REL || elf.Machine(h.Machine) != elf.EM_BPF || end < h.Shoff || end > uint64(len(data)) || end > maxObject {
		return 0
	}
	return int(end)
}

// extensions are those of the files that are taken for objects in a directory.
var extensions = []string{".o", ".bpf", ".elf"}

// IsObject tells by its name whether a file is meant to be a BPF object.
func IsObject(name string) bool { return slices.Contains(extensions, filepath.Ext(name)) }

// inDir returns the files in a directory, and in those below it, that are meant to
// be objects. It follows no links.
func inDir(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type().IsRegular() && IsObject(d.Name()) {
			files = append(files, p)
		}
		return nil
	})
	return files, err
}

// nameIn is what a file of a directory is called.
func nameIn(dir, file string) string {
	rel, err := filepath.Rel(dir, file)
	if err != nil || strings.HasPrefix(rel, "..") {
		return filepath.Base(file)
	}
	return filepath.ToSlash(rel)
}
