// Package cli is the command line of package vmtest: "assay run", "assay certify",
// "assay doctor", and "assay kernels probe".
//
// The commands are functions of their world, which is handed to New; they print no
// errors and do not exit. Errors that have a method ExitCode() int say with which
// status to exit: 1 something fell, 2 usage, 3 the lab could not run.
package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/suite"
)

// A World is what the commands see of the outside.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Version is that of the program, for reports.
	Version string
	// Reference holds the scenarios of the reference suite.
	Reference fs.FS
	// Commands are the roles of this program, besides that of package suite,
	// that scenarios find in PATH.
	Commands []string
	// Bringers find what scenarios bring, besides those of package suite.
	Bringers map[string]suite.Bringer
}

// New returns the commands of the lab, and the one that belongs under "kernels".
func New(w World) (top []*cobra.Command, underKernels *cobra.Command) {
	top = []*cobra.Command{w.runCommand(), w.certifyCommand(), w.doctorCommand()}
	for _, c := range append(top, w.probeCommand()) {
		c.SilenceUsage, c.SilenceErrors = true, true
		c.SetOut(w.Stdout)
		c.SetErr(w.Stderr)
		c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
			return usage(fmt.Errorf("%w\nsee '%s --help'", err, c.CommandPath()))
		})
		underKernels = c
	}
	return top, underKernels
}

// statusError is an error with its exit status.
type statusError struct {
	err    error
	status int
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }
func (e *statusError) ExitCode() int { return e.status }

func usage(err error) error { return &statusError{err, 2} }
func noLab(err error) error { return &statusError{err, 3} }

// ErrFell is what a command returns when something fell: all there is to say has
// been said by then.
var ErrFell = &statusError{errors.New("not everything went as expected"), 1}

// A failed status that was reported already.
func fell(status int) error {
	switch status {
	case 0:
		return nil
	case 1:
		return ErrFell
	}
	return &statusError{errors.New("the lab did not run everything"), status}
}

// lab opens the lab; notices go to the given place.
func (w *World) lab(fresh bool, notice func(string)) (*vmtest.Lab, error) {
	return vmtest.Open(vmtest.Config{Fresh: fresh, Notice: notice})
}

// notice tells the user something in passing.
func (w *World) notice(line string) { fmt.Fprintln(w.Stderr, "assay:", line) }

// colour tells whether to colour what is written to out. (https://no-color.org)
func (w *World) colour(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && w.Getenv("NO_COLOR") == "" && w.Getenv("TERM") != "dumb"
}
