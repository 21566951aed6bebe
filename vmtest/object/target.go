package object

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// Role is the name under which a program loads objects inside a VM.
const Role = "assay-object"

// Roles returns the role of a program that loads objects.
func Roles() vmtest.Roles {
	return vmtest.Roles{Role: {
		Prepare: load.Prepare,
		Run:     func() int { return load.Main(os.Stdin, os.Stdout) },
	}}
}

// env is the environment of a loader. It lives too short for a garbage collector,
// and the verifier starts over whenever a signal comes.
var env = append([]string{"GODEBUG=updatemaxprocs=0,asyncpreemptoff=1", "GOGC=off", "GOMEMLIMIT=256MiB"}, vmtest.DefaultEnv...)

// Options say how objects are loaded. The zero value is what most want.
type Options struct {
	// BTF is a file with type information for kernels that have none of
	// their own, or a directory of such (see TypesFor).
	BTF string
	// Types are the program types of programs whose section does not name
	// one, by the program's name or the section's: "filter" is "socket_filter".
	Types map[string]string
	// Maps are the sizes of maps that objects leave to their own loaders, by
	// the map's name.
	Maps map[string]MapSize
	// Modules are the kernel modules to load first, with those that they
	// depend on.
	Modules []string
	// Against names the program, as OBJECT:PROGRAM, that programs of type
	// ext are to replace functions of, and that tracing programs trace.
	Against string
	// Whole keeps the verifier's whole log of accepted programs too.
	Whole bool
	// Notice is told, a line each, what of a directory is left out. nil
	// discards.
	Notice func(line string)
}

// MapSize is what an object leaves open about a map; 0 leaves it.
type MapSize = load.MapSize

// A Target is objects to be certified.
type Target struct {
	objects []*object
	options Options
	against *against
	payload *vmtest.Payload
}

// against is the program that others are attached to.
type against struct {
	*object
	program string
}

// Open reads the objects in files, and in directories of them. A file that is named
// and cannot be certified is an error, of type *FileError if the file is at fault;
// one that is found in a directory is left out with a notice, but it is an error if
// nothing is left.
func Open(o Options, paths ...string) (*Target, error) {
	t := &Target{options: o}
	if t.options.Notice == nil {
		t.options.Notice = func(string) {}
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	var faults []error
	for _, p := range paths {
		faults = append(faults, t.add(p))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(t.objects) == 0 {
		return nil, usage("no BPF object with a program in %s; want files *%s, or directories of them", strings.Join(paths, ", "), strings.Join(extensions, ", *"))
	}
	t.tellApart()
	var err error
	t.payload, err = vmtest.SelfPayload(Role)
	if err != nil {
		return nil, err
	}
	t.payload.Env = env
	return t, nil
}

// check refuses options that cannot be.
func (t *Target) check() error {
	for key, name := range t.options.Types {
		if _, ok := known.ProgramTypeNamed(name); !ok {
			return usage("unknown program type %q for %s; there are %s", name, key, strings.Join(known.ProgramTypeNames(), ", "))
		}
	}
	if t.options.Against == "" {
		return nil
	}
	file, program, ok := strings.Cut(t.options.Against, ":")
	if !ok {
		return usage("%s: want OBJECT:PROGRAM, as in dispatcher.o:xdp_dispatcher", t.options.Against)
	}
	all, err := readFile(file, filepath.Base(file))
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.has(program) {
			t.against = &against{o, program}
			return nil
		}
	}
	return usage("%s has no program %s; it has %s", file, program, strings.Join(all[0].Programs(), ", "))
}

// add reads a path.
func (t *Target) add(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return &FileError{path, errors.Unwrap(err)}
	}
	if st.IsDir() {
		return t.addDir(path)
	}
	all, err := readFile(path, filepath.Base(path))
	if err != nil {
		return err
	}
	t.keep(path, all)
	return nil
}

// keep keeps the objects that have programs.
func (t *Target) keep(file string, all []*object) {
	for _, o := range all {
		if len(o.programs()) > 0 {
			t.objects = append(t.objects, o)
		} else {
			t.options.Notice("left out: " + file + ": it has no programs")
		}
	}
}

func (t *Target) addDir(dir string) error {
	files, err := inDir(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		all, err := readFile(file, nameIn(dir, file))
		var format *parse.FormatError
		if err != nil && !(errors.As(err, &format) && format.Object) {
			t.options.Notice("left out: " + err.Error())
			continue
		}
		t.keep(file, all)
	}
	return nil
}

// tellApart numbers objects of equal names, as of several directories.
func (t *Target) tellApart() {
	seen := map[string]int{}
	for _, o := range t.objects {
		seen[o.name]++
		if n := seen[o.name]; n > 1 {
			o.name = fmt.Sprintf("%s (%d)", o.name, n)
		}
	}
}

// usageError is wrong use.
type usageError struct{ error }

// ExitCode is 2: wrong use.
func (usageError) ExitCode() int { return 2 }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Programs is how many programs there are.
func (t *Target) Programs() (n int) {
	for _, o := range t.objects {
		n += len(o.programs())
	}
	return n
}

// Objects are the names of the objects.
func (t *Target) Objects() (names []string) {
	for _, o := range t.objects {
		names = append(names, o.name)
	}
	return names
}

// Cases returns a case for each object, whose parts are its programs.
func (t *Target) Cases() (cases []vmtest.Case) {
	for _, o := range t.objects {
		c := &tryout{t: t, object: o}
		cases = append(cases, vmtest.Case{
			Target: o.name, Name: o.name, Parts: o.programs(), Payload: t.payload, Try: c.try,
		})
	}
	return cases
}

// Only returns a target with one program: of that name or, if more than one object
// has one, of OBJECT:PROGRAM.
func (t *Target) Only(name string) (*Target, error) {
	var found []*object
	of, program, qualified := strings.Cut(name, ":")
	for _, o := range t.objects {
		if !qualified && o.has(name) || qualified && o.name == of && o.has(program) {
			found = append(found, o)
		}
	}
	if !qualified {
		program = name
	}
	switch len(found) {
	case 0:
		return nil, usage("no program %s in %s; there are %s", name, strings.Join(t.Objects(), ", "), t.List())
	case 1:
		one := *t
		o := *found[0]
		o.only = program
		one.objects = []*object{&o}
		return &one, nil
	}
	return nil, usage("several objects have a program %s; say which: %s:%s", name, found[0].name, name)
}

// List names the programs, the first of many, for a person to choose from.
func (t *Target) List() string {
	var names []string
	for _, o := range t.objects {
		names = append(names, o.programs()...)
	}
	slices.Sort(names)
	const most = 20
	if n := len(names); n > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(names, ", ")
}
