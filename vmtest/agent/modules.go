package main

import (
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// The host writes both files into the initramfs (see package vmtest): the
// modules to load at boot, and an index of all that are there, a line each:
// name, file, dependencies in load order, aliases.
const (
	loadFile  = "/lib/assay/load"
	indexFile = "/lib/assay/modules"
)

type module struct {
	name, file    string
	deps, aliases []string
}

func readIndex() map[string]module {
	b, _ := os.ReadFile(indexFile) // without modules there is no index
	index := map[string]module{}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			continue
		}
		index[f[0]] = module{f[0], f[1], strings.Fields(f[2]), strings.Fields(f[3])}
	}
	return index
}

func loadModules(warn func(string, error)) {
	b, _ := os.ReadFile(loadFile)
	index := readIndex()
	for _, name := range strings.Fields(string(b)) {
		warn("load module "+name, load(index, name))
	}
}

// load loads a module after those it depends on.
func load(index map[string]module, name string) error {
	m, ok := index[name]
	if !ok {
		return unix.ENOENT
	}
	for _, file := range append(m.depFiles(index), m.file) {
		if err := insmod(file); err != nil {
			return &os.PathError{Op: "insert", Path: file, Err: err}
		}
	}
	return nil
}

func (m module) depFiles(index map[string]module) []string {
	var files []string
	for _, d := range m.deps {
		files = append(files, index[d].file)
	}
	return files
}

func insmod(file string) error {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	err = unix.FinitModule(fd, "", 0)
	if err == unix.EEXIST {
		return nil
	}
	return err
}

// modprobe is what the kernel runs for request_module: modprobe -q -- NAME. By
// hand it takes names only.
func modprobe(args []string) int {
	status := 0
	index := readIndex()
	for _, name := range args {
		if strings.HasPrefix(name, "-") {
			continue
		}
		if err := probe(index, name); err != nil {
			println("modprobe: " + name + ": " + err.Error())
			status = 1
		}
	}
	return status
}

func probe(index map[string]module, name string) error {
	name = strings.ReplaceAll(name, "-", "_")
	if _, ok := index[name]; ok {
		return load(index, name)
	}
	err := error(unix.ENOENT)
	for _, m := range index {
		if m.answersTo(name) {
			err = load(index, m.name)
		}
	}
	if err == unix.ENOENT && builtIn(name) {
		return nil
	}
	return err
}

func (m module) answersTo(alias string) bool {
	for _, a := range m.aliases {
		if ok, _ := path.Match(strings.ReplaceAll(a, "-", "_"), alias); ok {
			return true
		}
	}
	return false
}

func builtIn(name string) bool {
	_, err := os.Stat("/sys/module/" + name)
	return err == nil
}
