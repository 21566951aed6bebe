package modbuild

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Source is the source of one or more modules: a directory with a Makefile or Kbuild.
type Source struct {
	// Name names it in messages and file names.
	Name string
	// FS holds its files. Symbolic links are followed.
	FS fs.FS
}

// Dir is the source in a directory.
func Dir(dir string) Source {
	name := filepath.Base(dir)
	if abs, err := filepath.Abs(dir); err == nil {
		name = filepath.Base(abs)
	}
	return Source{name, os.DirFS(dir)}
}

// What is not source: what builds leave behind, and what version control keeps.
var product = regexp.MustCompile(`\.(o|ko|mod|mod\.c|order|symvers|a|so|dwo|cmd|d|tmp)$|^\.tmp_|^\.git`)

// Bounds of a source: more is not one module's, but a tree given by mistake.
const (
	maxSourceFiles = 20_000
	maxSourceBytes = 256 << 20
	maxSourceDepth = 32
)

var errTooLarge = errors.New("too large for a module's source")

// sourceFile is a file of a Source, read.
type sourceFile struct {
	name string
	mode fs.FileMode
	data []byte
}

// read reads all files, sorted by name.
func (s Source) read() ([]sourceFile, error) {
	var files []sourceFile
	var total int64
	err := walk(s.FS, ".", 0, func(name string, st fs.FileInfo) error {
		if total += st.Size(); total > maxSourceBytes || len(files) >= maxSourceFiles {
			return errTooLarge
		}
		data, err := fs.ReadFile(s.FS, name)
		files = append(files, sourceFile{name, st.Mode().Perm(), data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read module source %s: %w", s.Name, err)
	}
	if !slices.ContainsFunc(files, func(f sourceFile) bool { return f.name == "Makefile" || f.name == "Kbuild" }) {
		return nil, &UsageError{fmt.Sprintf("%s has no Makefile and no Kbuild: it is no source of a module\nname a directory that \"make -C HEADERS M=DIR\" can build", s.Name)}
	}
	slices.SortFunc(files, func(a, b sourceFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// walk calls f for every regular file of source below dir.
func walk(fsys fs.FS, dir string, depth int, f func(string, fs.FileInfo) error) error {
	if depth > maxSourceDepth {
		return fmt.Errorf("%s: directories too deep: %w", dir, errTooLarge)
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if product.MatchString(e.Name()) {
			continue
		}
		st, err := fs.Stat(fsys, name) // follows links, unlike e.Info
		if err != nil {
			return err
		}
		switch {
		case st.IsDir():
			err = walk(fsys, name, depth+1, f)
		case st.Mode().IsRegular():
			err = f(name, st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// digestOf tells sources apart by what they hold.
func digestOf(files []sourceFile) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d %x\n", f.name, f.mode&0o100, sha256.Sum256(f.data))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// lay writes the files into a directory.
func lay(dir string, files []sourceFile) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		if err := root.MkdirAll(path.Dir(f.name), 0o755); err != nil {
			return err
		}
		w, err := root.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|f.mode&0o111)
		if err != nil {
			return err
		}
		_, err = io.Writer(w).Write(f.data)
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// mentions tells whether any C file has the text.
func mentions(files []sourceFile, text string) bool {
	return slices.ContainsFunc(files, func(f sourceFile) bool {
		return strings.HasSuffix(f.name, ".c") && strings.Contains(string(f.data), text)
	})
}
