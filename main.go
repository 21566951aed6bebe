// Command assay proves what eBPF code does on the kernels people really run.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	kernelscli "github.com/assay-lab/assay/kernels/cli"
	account "github.com/assay-lab/assay/ref/account/cli"
	"github.com/assay-lab/assay/vmtest"
	lab "github.com/assay-lab/assay/vmtest/cli"
	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/suite"
)

// reference is the suite that "assay certify" runs.
//
//go:embed testdata/*.txtar
var reference embed.FS

// commandName is the role of this program as the command under test.
const commandName = "assay"

func main() {
	status, played := roles().Play()
	if !played {
		status = run(os.Args[1:])
	}
	guest.Exit(status)
}

// roles are what this program also is, under other names, inside a VM.
func roles() vmtest.Roles {
	all := vmtest.Roles{commandName: {Run: func() int { return run(os.Args[1:]) }}}
	maps.Copy(all, suite.Roles())
	maps.Copy(all, lab.Roles())
	return all
}

// run runs the command and returns its exit status.
func run(args []string) int {
	// A first signal ends what runs in good order, a second one at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, lab.ErrFell) { // then all was said
		fmt.Fprintln(os.Stderr, "assay:", err)
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// command is the table of verbs.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:                        "assay",
		Short:                      "Prove what eBPF code does on the kernels people really run",
		Version:                    version(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usageError{fmt.Errorf("unknown command %q%s\nsee 'assay --help'", args[0], suggestion(c, args[0]))}
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	scenarios, err := fs.Sub(reference, "testdata")
	if err != nil {
		panic(err) // the name is part of this file
	}
	top, probe := lab.New(lab.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Version: version(), Reference: scenarios, Commands: []string{commandName},
	})
	kernels := kernelscli.New(os.Stdout, os.Stderr, os.Getenv)
	kernels.AddCommand(probe)
	root.AddCommand(top...)
	root.AddCommand(kernels, account.New(os.Stdout, os.Stderr))
	return root
}

func suggestion(c *cobra.Command, name string) string {
	if near := c.SuggestionsFor(name); len(near) > 0 {
		return fmt.Sprintf("; did you mean %q?", near[0])
	}
	return ""
}

type usageError struct{ error }

// ExitCode is 2: wrong use.
func (usageError) ExitCode() int { return 2 }

// version is that of the module, as "go install" records it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
