// Package verb is the vocabulary of scenarios: one table of verbs, from which the
// manual is made too.
package verb

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assay-lab/assay/vmtest/scenario/internal/frame"
	"github.com/assay-lab/assay/vmtest/scenario/internal/place"
	"github.com/assay-lab/assay/vmtest/scenario/internal/traffic"
	"github.com/assay-lab/assay/vmtest/scenario/internal/wiring"
)

// A Verb is a row of the table.
type Verb struct {
	Name    string
	Args    string // usage, without the name
	Summary string // one sentence

	// The fewest and most arguments; most < 0 is no limit.
	fewest, most int
	run          func(s *State, args []string) error
}

// A UsageError says that a verb was written wrongly. It fails a scenario even where
// the verb is expected to fail.
type UsageError struct{ Problem string }

// Error implements error.
func (e *UsageError) Error() string { return e.Problem }

func usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// Table returns all verbs, in the order of the manual.
func Table() []Verb { return slices.Clone(table) }

// header are the verbs that are read before a scenario runs.
var header = []Verb{
	{"needs", "FEATURE…", "Run the main part only on a kernel that has the features, the unsupported part on others.", 1, -1, nothing},
	{"shape", "NAME", "Run on a VM of that hardware. On a host it is the host's.", 1, 1, nothing},
	{"bring", "KIND NAME [ARG…]", "Have the VM carry a package's files, a program of the host, a module. On a host they are the host's.", 2, -1, nothing},
	{"limit", "DURATION", "Let it take that long, on a real machine, before it counts as hung.", 1, 1, nothing},
}

func nothing(*State, []string) error { return nil }

// builtin are the verbs of testscript, which runs them itself.
var builtin = []Verb{
	{Name: "exec", Args: "PROGRAM [ARG…] [&|&NAME&]", Summary: "Run a program here, and expect success. With & it goes on in the background."},
	{Name: "wait", Args: "[NAME]", Summary: "Wait for programs in the background, and expect success."},
	{Name: "kill", Args: "[-INT|-KILL] [NAME]", Summary: "End programs in the background; with SIGKILL unless told."},
	{Name: "stdin", Args: "FILE", Summary: "Give the next program this input."},
	{Name: "stdout", Args: "[-count=N] PATTERN", Summary: "Expect a match, on some line, in what the last verb printed."},
	{Name: "stderr", Args: "[-count=N] PATTERN", Summary: "The same for its errors."},
	{Name: "grep", Args: "[-count=N] PATTERN FILE", Summary: "Expect a match in a file."},
	{Name: "cmp", Args: "FILE WANT", Summary: "Expect a file, or stdout or stderr, to be equal to another."},
	{Name: "cmpenv", Args: "FILE WANT", Summary: "The same, after replacing the variables in the second."},
	{Name: "exists", Args: "[-readonly] FILE…", Summary: "Expect files to be there."},
	{Name: "env", Args: "[KEY=VALUE…]", Summary: "Set variables, for programs and as $KEY."},
	{Name: "cd", Args: "DIR", Summary: "Change the directory."},
	{Name: "cp", Args: "FROM… TO", Summary: "Copy files; stdout and stderr are names of files here."},
	{Name: "mv", Args: "FROM TO", Summary: "Rename a file."},
	{Name: "rm", Args: "FILE…", Summary: "Remove files and directories."},
	{Name: "mkdir", Args: "DIR…", Summary: "Make directories."},
	{Name: "chmod", Args: "MODE FILE…", Summary: "Change permissions."},
	{Name: "symlink", Args: "FILE -> TARGET", Summary: "Make a symbolic link."},
	{Name: "ttyin", Args: "[-stdin] FILE", Summary: "Give the next program a terminal, and this typed at it."},
	{Name: "ttyout", Args: "[-count=N] PATTERN", Summary: "Expect a match in what it showed on the terminal."},
	{Name: "unquote", Args: "FILE…", Summary: "Remove the > before each line, which lets a file hold txtar marks."},
	{Name: "unix2dos", Args: "FILE…", Summary: "Change line ends."},
}

// Builtin returns the verbs of testscript that scenarios may use.
func Builtin() []Verb { return slices.Clone(builtin) }

// Refused returns why a verb of testscript must not be used.
func Refused(name string) (why string, refused bool) {
	switch {
	case name == "skip":
		return "skip: a scenario does not skip itself: say what it needs, and see it refused in the unsupported part", true
	case name == "stop":
		return "stop: what follows would never run: remove it", true
	case len(name) > 1 && name[0] == '[' && name[len(name)-1] == ']':
		return name + ": no line is skipped on a condition: say what the scenario needs, or write two scenarios", true
	}
	return "", false
}

// IsHeader tells whether a verb belongs to a scenario's head.
func IsHeader(name string) bool { return find(header, name) != nil }

// Known tells whether there is such a verb.
func Known(name string) bool { return find(table, name) != nil || find(builtin, name) != nil }

// Names returns the names of all verbs.
func Names() (names []string) {
	for _, v := range slices.Concat(table, builtin) {
		names = append(names, v.Name)
	}
	return names
}

func find(verbs []Verb, name string) *Verb {
	i := slices.IndexFunc(verbs, func(v Verb) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &verbs[i]
}

// CheckUsage says what can be seen to be wrong with the use of a verb without
// running it, that is, while variables are unknown.
func CheckUsage(name string, args []string) error {
	if err := checkArgs(name, len(args)); err != nil || name != "poll" {
		return err
	}
	tried := polled(args)
	if len(tried) == 0 {
		return checkArgs(name, 0)
	}
	if !pollable(tried[0]) {
		return usagef("poll: it cannot wait for %s: want exec, exists FILE, or a verb of scenarios", tried[0])
	}
	return checkArgs(tried[0], len(tried)-1)
}

func checkArgs(name string, count int) error {
	v := find(table, name)
	if v == nil || (count >= v.fewest && (v.most < 0 || count <= v.most)) {
		return nil
	}
	return usagef("usage: %s %s", v.Name, v.Args)
}

// State is what the verbs of one scenario share.
type State struct {
	World *place.World
	// Cause is what the last failed verb said.
	Cause error

	slowdown  float64 // of this machine; it stretches what is waited for
	script    *testscript.TestScript
	out       bytes.Buffer // what the verb prints
	errs      bytes.Buffer // and what a program that poll ran said
	sinks     map[string]*traffic.Sink
	captures  map[string]*frame.Capture
	wires     wiring.Maker
	bpfBefore map[string][]uint32 // ids by kind
	undo      []undo
}

// NewState returns the state of a scenario that runs in the places of w.
func NewState(w *place.World, slowdown float64) *State {
	return &State{
		World: w, slowdown: slowdown,
		sinks: map[string]*traffic.Sink{}, captures: map[string]*frame.Capture{},
	}
}

// Commands returns the verbs of the table for testscript to call.
func (s *State) Commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := make(map[string]func(*testscript.TestScript, bool, []string), len(table))
	for i := range table {
		v := &table[i]
		all[v.Name] = func(ts *testscript.TestScript, neg bool, args []string) { s.call(v, ts, neg, args) }
	}
	return all
}

// call runs a verb and judges what came of it.
func (s *State) call(v *Verb, ts *testscript.TestScript, neg bool, args []string) {
	s.script = ts
	err := s.do(v, args)
	_, _ = ts.Stdout().Write(s.out.Bytes()) // to memory
	_, _ = ts.Stderr().Write(s.errs.Bytes())
	var usage *UsageError
	switch {
	case err == nil && neg:
		s.fail(ts, errors.New("it succeeded, and should not have"))
	case err == nil:
	case neg && !errors.As(err, &usage):
		fmt.Fprintln(ts.Stderr(), err)
	default:
		s.fail(ts, err)
	}
}

func (s *State) fail(ts *testscript.TestScript, err error) {
	s.Cause = err
	ts.Fatalf("%v", err)
}

// do runs a verb once; what it prints is in s.out.
func (s *State) do(v *Verb, args []string) error {
	s.out.Reset()
	s.errs.Reset()
	if err := checkArgs(v.Name, len(args)); err != nil {
		return err
	}
	err := v.run(s, args)
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		return usagef("%s: %v", v.Name, err)
	case err != nil:
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	return nil
}

// Close ends what the verbs have started.
func (s *State) Close() {
	for _, sink := range s.sinks {
		_ = sink.Close()
	}
	for _, c := range s.captures {
		_ = c.Close()
	}
}

// Undo takes back what the verbs have changed on the machine.
func (s *State) Undo() error {
	var errs []error
	for _, u := range slices.Backward(s.undo) {
		if err := u.do(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.what, err))
		}
	}
	return errors.Join(errs...)
}
