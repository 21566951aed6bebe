// Package cli is the command line of package kernels: "assay kernels …".
//
// Nouns show ("list", "show", "versions") and take --json; verbs change
// ("pull", "add", "build", "rm", "update", "verify"). The command is a function
// of its world, which is handed to New; it prints no errors and does not exit.
// Errors that have a method ExitCode() int say with which status to exit: 2 for
// usage, 3 for a kernel that this machine cannot have; all others mean 1.
package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
)

// A world is what the commands see of the outside.
type world struct {
	stdout, stderr io.Writer
	getenv         func(string) string
}

// store opens the store of kernels.
func (w *world) store() (*kernels.Store, error) {
	return kernels.Config{Getenv: w.getenv}.Open()
}

// notice tells the user something in passing.
func (w *world) notice(text string) { fmt.Fprintln(w.stderr, "assay:", text) }

// New returns the command "kernels". It writes what was asked for to stdout,
// and notices and progress to stderr; progress only if that is a terminal.
func New(stdout, stderr io.Writer, getenv func(string) string) *cobra.Command {
	w := &world{stdout, stderr, getenv}
	root := &cobra.Command{
		Use:   "kernels",
		Short: "Show, fetch and build the kernels that tests run on",
		Long: `Kernels come from Debian's packages, OCI images, files, or a build, and are kept
in a cache. Nothing is installed, and no root is needed.

A kernel is named by its series, 6.12; with a flavour, 6.12-generic (cloud is the
default; generic, rt); with a version, 6.12@6.12.107-1; as a file, ./bzImage or
./bzImage:./modules; as an image, oci:quay.io/…; or by a name that "add" or
"build" gave it.`,
		Args:          cobra.ArbitraryArgs, // RunE refuses them
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(fmt.Errorf("unknown command %q for %q\nsee %q", args[0], c.CommandPath(), c.CommandPath()+" --help"))
			}
			return c.Help()
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		w.list(), w.show(), w.versions(),
		w.pull(), w.add(), w.build(), w.remove(), w.update(), w.verify(),
	)
	return root
}

// usage makes an error one of usage.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &kernels.UsageError{Reason: err.Error()}
}

// args makes the errors of a check of arguments ones of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		err := check(c, a)
		if err != nil {
			err = fmt.Errorf("%w\nusage: %s", err, c.UseLine())
		}
		return usage(err)
	}
}

// several are the errors of several kernels. The status to exit with is that
// of the lab that could not run only if that is all that went wrong.
type several []error

func (e several) Error() string   { return errors.Join(e...).Error() }
func (e several) Unwrap() []error { return e }

// ExitCode is 2 or 3 if all errors agree on it, else 1.
func (e several) ExitCode() int {
	code := 0
	for i, err := range e {
		c := 1
		var coded interface{ ExitCode() int }
		if errors.As(err, &coded) {
			c = coded.ExitCode()
		}
		if i > 0 && c != code {
			return 1
		}
		code = c
	}
	return code
}

// orNil is nil if there are no errors.
func (e several) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
