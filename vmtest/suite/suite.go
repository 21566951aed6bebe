// Package suite makes cases of scenarios: what package scenario reads and runs,
// package vmtest can try on every kernel.
package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/scenario"
)

// Role is the name under which a program runs a scenario inside a VM.
const Role = "assay-scenario"

// Roles returns the role of a program that runs scenarios.
func Roles() vmtest.Roles {
	return vmtest.Roles{Role: {
		Prepare: scenario.Prepare,
		Run:     func() int { return scenario.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr) },
	}}
}

// env is the environment of a scenario. No loop of its interpreter needs a signal
// to be interrupted, and to handle signals costs every clone.
var env = append([]string{"GODEBUG=updatemaxprocs=0,asyncpreemptoff=1"}, vmtest.DefaultEnv...)

// Payload returns what machines carry to run scenarios: this program, which must
// have the roles of Roles and those named, for the scenarios to find in PATH.
func Payload(commands ...string) (*vmtest.Payload, error) {
	p, err := vmtest.SelfPayload(append([]string{Role}, commands...)...)
	if err != nil {
		return nil, err
	}
	p.Env = env
	return p, nil
}

// A Suite is a set of scenarios.
type Suite struct {
	// Target names it in reports.
	Target    string
	Scenarios []*scenario.Scenario
	// Update makes outputs that differ from the expected ones the expected
	// ones, in the files of Dir.
	Update bool
	// Verbose logs also what went as expected.
	Verbose bool
	// Dir is where the files are on this machine, "" if nowhere.
	Dir string
	// Bringers find what scenarios bring, by kind.
	Bringers map[string]Bringer
}

// Read reads all scenarios of a directory. Every fault of every file is reported.
func Read(target string, fsys fs.FS) (*Suite, error) {
	files, err := fs.Glob(fsys, "*"+scenario.Extension)
	if err != nil {
		return nil, err
	}
	return ReadFiles(target, fsys, files...)
}

// ReadFiles reads the scenarios of the given files.
func ReadFiles(target string, fsys fs.FS, files ...string) (*Suite, error) {
	s := &Suite{Target: target}
	var faults []error
	for _, name := range files {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		sc, err := scenario.Parse(path.Base(name), data)
		if err == nil {
			_, err = vmtest.ShapeNamed(sc.Shape)
			err = wrap(sc, err)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		s.Scenarios = append(s.Scenarios, sc)
	}
	if len(faults) > 0 {
		return nil, &UsageError{errors.Join(faults...)}
	}
	return s, nil
}

func wrap(sc *scenario.Scenario, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", sc.File, err)
}

// A UsageError is a suite that cannot be run as it is asked for.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// ExitCode is 2: wrong use.
func (e *UsageError) ExitCode() int { return 2 }

// Cases returns a case for every scenario.
func (s *Suite) Cases() (cases []vmtest.Case) {
	for _, sc := range s.Scenarios {
		cases = append(cases, s.scenarioCase(sc))
	}
	return cases
}

func (s *Suite) scenarioCase(sc *scenario.Scenario) vmtest.Case {
	shape, _ := vmtest.ShapeNamed(sc.Shape) // was checked when it was read
	return vmtest.Case{
		Target: s.Target,
		Name:   sc.Name,
		Shape:  shape,
		Task:   func(*kernels.Image) vmtest.Task { return s.task(sc) },
		Files:  s.files(sc),
		Check:  func(image *kernels.Image, o *vmtest.Outcome) { s.check(sc, image, o) },
	}
}

func (s *Suite) task(sc *scenario.Scenario) vmtest.Task {
	args := []string{vmtest.RolePath(Role)}
	t := vmtest.Task{
		Zygote: true, Env: env, Stdin: bytes.NewReader(sc.Data), Limit: sc.Limit, Judge: judge,
		Stderr: io.Discard, // the record of the result, which nobody wants to see among the output
	}
	if s.Verbose {
		args = append(args, "-v")
	}
	if s.Update {
		args = append(args, "-update")
		t.Collect = []string{scenario.Updated}
	}
	t.Args = append(args, sc.File)
	return t
}

// judge reads the record a scenario leaves.
func judge(o *vmtest.Outcome) (vmtest.Verdict, string) {
	r, err := scenario.ParseResult(o.Stderr)
	if err != nil {
		return vmtest.Fail, strings.TrimSpace(fmt.Sprintf("%v; %s", err, stateOf(o)))
	}
	return vmtest.Verdict(r.Verdict), r.Reason
}

func stateOf(o *vmtest.Outcome) string {
	if o.State == nil {
		return "it did not end"
	}
	return "it ended with " + o.State.String()
}

// check holds what the kernel has and lacks against what the catalogue claims, and
// keeps new expected outputs.
func (s *Suite) check(sc *scenario.Scenario, image *kernels.Image, o *vmtest.Outcome) {
	if b, ok := o.Files[scenario.Updated]; ok && s.Dir != "" {
		if err := os.WriteFile(filepath.Join(s.Dir, sc.File), b, 0o644); err != nil {
			o.Verdict, o.Reason = vmtest.Infra, "keep updated scenario: "+err.Error()
		}
	}
	if o.Verdict != vmtest.Pass && o.Verdict != vmtest.Unsupported {
		return
	}
	r, err := scenario.ParseResult(o.Stderr)
	if err != nil {
		return
	}
	if wrong := broken(image, r); wrong != "" {
		o.Verdict, o.Reason = vmtest.Fail, wrong
	}
}
