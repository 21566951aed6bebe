// Package cli is the command line of package enetstl: "assay enetstl …".
//
// The command is a function of its world, which is handed to New; it prints no errors
// and does not exit. Errors have a method ExitCode() int: 2 for usage, 3 when the
// kernel or the user's privileges do not allow it, 1 for all else.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/ref/enetstl"
	"github.com/assay-lab/assay/ref/enetstl/selftest"
)

// The statuses to exit with.
const (
	statusUsage    = 2
	statusCouldNot = 3
)

// coded is an error with the status to exit with.
type coded struct {
	error
	status int
}

// ExitCode returns the status to exit with.
func (c coded) ExitCode() int { return c.status }

// Unwrap returns the error without it.
func (c coded) Unwrap() error { return c.error }

// withStatus gives an error the status it calls for.
func withStatus(err error) error {
	switch {
	case errors.Is(err, enetstl.ErrUnsupported), errors.Is(err, enetstl.ErrPrivileges):
		return coded{err, statusCouldNot}
	}
	return err
}

func usage(err error) error {
	if err == nil {
		return nil
	}
	return coded{err, statusUsage}
}

func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		err := check(c, a)
		if err != nil {
			err = fmt.Errorf("%w\nusage: %s", err, c.UseLine())
		}
		return usage(err)
	}
}

type world struct{ stdout, stderr io.Writer }

// New returns the command "enetstl".
func New(stdout, stderr io.Writer) *cobra.Command {
	w := &world{stdout, stderr}
	root := &cobra.Command{
		Use:   "enetstl",
		Short: "Load, check and test the kernel module of network functions",
		Long: `The kernel module enetstl offers functions for network functions to BPF programs:
linked structures, hashing, comparing, bits, list buckets and random numbers. Build it
with "assay module build -k KERNEL".

That a module could be loaded proves little: one that does not fit the kernel is
loaded without its functions. "check" tells whether programs can call them.

Exit status: 0 as expected, 1 something is wrong, 2 usage, 3 this kernel cannot have the
module, or root is wanted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          args(cobra.NoArgs),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(w.load(), w.unload(), w.check(), w.status(), w.selftest())
	return root
}

func (w *world) load() *cobra.Command {
	return &cobra.Command{
		Use:     "load FILE [PARAMETER=VALUE…]",
		Short:   "Load the module, and make sure that its functions can be called",
		Example: "  assay enetstl load ./enetstl.ko\n  assay enetstl load ./enetstl.ko plain=1    # use nothing special of this CPU",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, a []string) error {
			return withStatus(enetstl.Load(a[0], strings.Join(a[1:], " ")))
		},
	}
}

func (w *world) unload() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{
		Use:   "unload",
		Short: "Remove the module",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			deadline := time.Now().Add(wait)
			for {
				err := enetstl.Unload()
				if err == nil || !errors.Is(err, enetstl.ErrInUse) || !time.Now().Before(deadline) {
					return withStatus(err)
				}
				time.Sleep(10 * time.Millisecond)
			}
		},
	}
	c.Flags().DurationVar(&wait, "wait", 0, "wait so long for programs and maps to let go of it")
	return c
}

func (w *world) check() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Tell whether BPF programs can call the module's functions",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if err := enetstl.Check(); err != nil {
				return withStatus(err)
			}
			_, err := fmt.Fprintf(w.stdout, "%s: %d functions\n", enetstl.Module, len(enetstl.Functions()))
			return err
		},
	}
}

// document is what "status --json" prints.
type document struct {
	Schema  string          `json:"schema"` // "assay.enetstl/v1"
	Objects enetstl.Objects `json:"objects"`
	CPU     enetstl.CPU     `json:"cpu"`
}

func (w *world) status() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how many objects live in the module, and what it uses of the CPU",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			objects, cpu, err := enetstl.Status()
			if err != nil {
				return withStatus(err)
			}
			if asJSON {
				return json.NewEncoder(w.stdout).Encode(document{"assay.enetstl/v1", objects, cpu})
			}
			_, err = fmt.Fprintf(w.stdout, "%v\n%v\n", objects, cpu)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, `print JSON, schema "assay.enetstl/v1"`)
	return c
}

func (w *world) selftest() *cobra.Command {
	var o selftest.Options
	var list bool
	c := &cobra.Command{
		Use:   "selftest [NAME…]",
		Short: "Test the loaded module in the running kernel",
		Long: `Runs the module's own tests, or those named, in the running kernel: do so in a VM,
or on a machine that may crash. The module must be loaded, and is left so.`,
		RunE: func(_ *cobra.Command, names []string) error {
			tests, err := chosen(names)
			if err != nil {
				return err
			}
			if list {
				for _, t := range tests {
					fmt.Fprintf(w.stdout, "%-12s %s\n", t.Name, t.Claim)
				}
				return nil
			}
			if err := enetstl.Check(); err != nil {
				return withStatus(err)
			}
			o.Out = w.stdout
			var failed []error
			for _, t := range tests {
				begun := time.Now()
				err := t.Run(o)
				word := "ok"
				if err != nil {
					word = "FAIL"
					failed = append(failed, err)
				}
				fmt.Fprintf(w.stdout, "%-4s %s (%.1fs)\n", word, t.Name, time.Since(begun).Seconds())
			}
			return errors.Join(failed...)
		},
	}
	c.Flags().BoolVarP(&list, "list", "l", false, "only list the tests")
	c.Flags().DurationVar(&o.Budget, "budget", 0, "how long a test that could go on for ever may take (default 3s)")
	c.Flags().Uint64Var(&o.Seed, "seed", 0, "what random inputs are made from (default the time)")
	return c
}

func chosen(names []string) ([]*selftest.Test, error) {
	if len(names) == 0 {
		return selftest.Tests(), nil
	}
	var list []*selftest.Test
	for _, name := range names {
		t := selftest.Lookup(name)
		if t == nil {
			return nil, usage(fmt.Errorf("there is no test %q\nsee \"assay enetstl selftest --list\"", name))
		}
		list = append(list, t)
	}
	return list, nil
}
