// Package kmod reads a kernel's module directory, /lib/modules/RELEASE:
// which modules there are, what they depend on, and in which order to load them.
//
// It does not read modules.dep, which packages do not ship (depmod writes it on
// the installed machine), but the modules themselves.
package kmod

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// A Module is one module file.
type Module struct {
	Name    string   `json:"name"`              // normalised
	Path    string   `json:"path"`              // relative to the tree, slash-separated
	Depends []string `json:"depends,omitempty"` // normalised names
}

// A Tree is a module directory. Its fields are what Load and Save keep.
type Tree struct {
	Modules []Module `json:"modules"`
	// Builtin names the modules that are part of the kernel itself.
	Builtin []string `json:"builtin"`
	// Absent names the modules that the kernel has but the directory lacks,
	// because it was unpacked without their driver trees.
	Absent []string `json:"absent,omitempty"`
}

// moduleFile matches the file names of modules and captures the name.
var moduleFile = regexp.MustCompile(`^(.+)\.ko(\.(xz|zst|gz))?$`)

// NameOf returns the normalised name of the module in the file, "" if the file
// is no module.
func NameOf(file string) string {
	m := moduleFile.FindStringSubmatch(filepath.Base(file))
	if m == nil {
		return ""
	}
	return Normalise(m[1])
}

// Scan reads the module directory dir and every module in it. All modules must
// be built for release, unless release is empty.
func Scan(dir, release string) (*Tree, error) {
	t, err := list(dir)
	if err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range t.Modules {
		g.Go(func() error { return t.Modules[i].read(dir, release) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return t, nil
}

// list finds the modules without opening them.
func list(dir string) (*Tree, error) {
	t := &Tree{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := NameOf(p)
		if name == "" || !d.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(dir, p)
		t.Modules = append(t.Modules, Module{Name: name, Path: filepath.ToSlash(rel)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	if t.Builtin, err = readNames(filepath.Join(dir, "modules.builtin")); err != nil {
		return nil, err
	}
	order, err := readNames(filepath.Join(dir, "modules.order"))
	if err != nil {
		return nil, err
	}
	t.Absent = missing(order, t.Modules)
	return t, nil
}

// missing returns the names in order that no module has.
func missing(order []string, have []Module) []string {
	seen := make(map[string]bool, len(have))
	for _, m := range have {
		seen[m.Name] = true
	}
	var names []string
	for _, name := range order {
		if !seen[name] {
			names = append(names, name)
		}
	}
	return names
}

// readNames reads the module names in a file of paths, one a line, such as
// modules.builtin. A file that does not exist has no names.
func readNames(file string) ([]string, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		// Old trees list objects (.o) in modules.order.
		line := strings.TrimSuffix(strings.TrimSpace(s.Text()), ".o")
		if line == "" {
			continue
		}
		if name := NameOf(line); name != "" {
			names = append(names, name)
		} else {
			names = append(names, Normalise(filepath.Base(line)))
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return names, nil
}

func (m *Module) read(dir, release string) error {
	info, err := ReadInfo(filepath.Join(dir, filepath.FromSlash(m.Path)))
	if err != nil {
		return err
	}
	if release != "" && info.Release != "" && info.Release != release {
		return fmt.Errorf("module %s is built for %s, the kernel is %s", m.Name, info.Release, release)
	}
	m.Depends = info.Depends
	return nil
}
