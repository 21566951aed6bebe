package kmod

import (
	"fmt"
	"strings"
)

// An UnknownError names modules that are neither in the tree nor built in.
type UnknownError struct {
	Names  []string
	Absent bool   // the kernel has them, but their files were not unpacked
	By     string // the module that depends on them, if one does
}

func (e *UnknownError) Error() string {
	what := "module"
	if len(e.Names) > 1 {
		what = "modules"
	}
	s := fmt.Sprintf("no %s %s in this kernel", what, strings.Join(e.Names, ", "))
	if e.Absent {
		s = fmt.Sprintf("%s %s belongs to a driver tree that is left out of the cache", what, strings.Join(e.Names, ", "))
	}
	if e.By != "" {
		s += ", needed by " + e.By
	}
	return s
}

// Closure returns the named modules and all they depend on, each after those
// it depends on; within that, in the order of names. Modules that are built
// into the kernel are skipped. A name that ends in "?" is optional: it is
// skipped if the kernel has no such module. An *UnknownError names the others.
func (t *Tree) Closure(names []string) ([]Module, error) {
	w := &walk{byName: make(map[string]*Module, len(t.Modules)), state: map[string]mark{}}
	for i := range t.Modules {
		w.byName[t.Modules[i].Name] = &t.Modules[i]
	}
	w.builtin = set(t.Builtin)
	w.absent = set(t.Absent)
	var unknown, absent []string
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		name = Normalise(name)
		switch {
		case w.known(name):
			if err := w.visit(name, ""); err != nil {
				return nil, err
			}
		case optional:
		case w.absent[name]:
			absent = append(absent, name)
		default:
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, &UnknownError{Names: unknown}
	}
	if len(absent) > 0 {
		return nil, &UnknownError{Names: absent, Absent: true}
	}
	return w.order, nil
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// mark is how far the walk has come with a module.
type mark int

const (
	unseen mark = iota
	open        // its dependencies are being visited
	done
)

// walk is a depth-first walk of the dependency graph.
type walk struct {
	byName          map[string]*Module
	builtin, absent map[string]bool
	state           map[string]mark
	order           []Module
}

func (w *walk) known(name string) bool { return w.builtin[name] || w.byName[name] != nil }

func (w *walk) visit(name, by string) error {
	// Loaded as a file even if listed as built in: then it is an update.
	m := w.byName[name]
	if m == nil {
		if w.builtin[name] {
			return nil
		}
		return &UnknownError{Names: []string{name}, Absent: w.absent[name], By: by}
	}
	switch w.state[name] {
	case done:
		return nil
	case open:
		return fmt.Errorf("modules %s and %s depend on each other", name, by)
	}
	w.state[name] = open
	for _, dep := range m.Depends {
		if err := w.visit(dep, name); err != nil {
			return err
		}
	}
	w.state[name] = done
	w.order = append(w.order, *m)
	return nil
}
