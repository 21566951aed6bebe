package cli

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/scenario"
	"github.com/assay-lab/assay/vmtest/suite"
)

func (w World) runCommand() *cobra.Command {
	var o matrixOptions
	var update bool
	c := &cobra.Command{
		Use:   "run [SCENARIO…]",
		Short: "Run scenarios on kernels",
		Long: `Runs each scenario on each kernel, in a pristine VM of its own.

A SCENARIO is a file NAME.txtar, a directory of them, or the name of one of the
reference suite; without any, all of ./testdata if there is one, else the whole
reference suite.

Exit status: 0 all as expected, 1 something fell, 2 usage, 3 the lab could not run.`,
		Example: `  assay run lab_cable -k 6.1,7.2     one of the reference suite, on two kernels
  assay run ./testdata -k ./bzImage  your own scenarios on your own kernel`,
		RunE: func(c *cobra.Command, args []string) error {
			suites, err := w.suites(args)
			if err != nil {
				return err
			}
			return w.runSuites(c, o, suites, update)
		},
		ValidArgsFunction: w.completeScenarios,
	}
	o.flags(c.Flags())
	c.Flags().BoolVar(&update, "update", false, "make what came out the expected output, in the scenarios' files")
	return c
}

func (w World) certifyCommand() *cobra.Command {
	var o matrixOptions
	var objects objectOptions
	c := &cobra.Command{
		Use:   "certify [TARGET…]",
		Short: "Run the whole reference suite, or BPF objects, on the whole matrix, and report",
		Long: `Runs every scenario of the reference suite on every kernel of the matrix, each in
a pristine VM of its own, and prints what came of it as a table. A kernel that
cannot be had on this machine is shown as not run, with the reason; --require
makes that an error.

A TARGET is a BPF object (*.o), a directory of such, or an executable that carries
some. Each of its programs is loaded on every kernel: it is accepted, with what the
verifier counted; or rejected, with the cause; or not attempted, with the reason.
--why KERNEL tells the whole story of one program.

Exit status: 0 all as expected, 1 something fell, 2 usage, 3 the lab could not run.`,
		Example: `  assay certify
  assay certify -k 5.10,7.2 --html report.html --junit report.xml
  assay certify --require --json -
  assay certify prog.o -k 5.10,6.1
  assay certify prog.o --program handle_exec --why 5.10`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return w.certifyObjects(c, o, objects, args)
			}
			s, err := w.reference()
			if err != nil {
				return err
			}
			return w.runSuites(c, o, []*suite.Suite{s}, false)
		},
	}
	o.flags(c.Flags())
	objects.flags(c.Flags())
	return c
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Errorf("unexpected argument %q\nsee '%s --help'", args[0], c.CommandPath()))
	}
	return nil
}

func (w World) runSuites(c *cobra.Command, o matrixOptions, suites []*suite.Suite, update bool) error {
	payload, err := suite.Payload(w.Commands...)
	if err != nil {
		return noLab(err)
	}
	store, err := kernels.Open("")
	if err != nil {
		return noLab(err)
	}
	bringers := suite.Bringers(store, kernels.GetOptions{Notice: w.notice}, payload)
	maps.Copy(bringers, w.Bringers)
	var cases []vmtest.Case
	for _, s := range suites {
		s.Update, s.Verbose, s.Bringers = update, o.verbose, bringers
		cases = append(cases, s.Cases()...)
	}
	return w.runMatrix(c.Context(), o, cases, payload)
}

// referenceTarget is the name of the reference suite in reports.
const referenceTarget = "reference"

func (w World) reference() (*suite.Suite, error) { return suite.Read(referenceTarget, w.Reference) }

// suites are what the arguments of run name.
func (w World) suites(args []string) ([]*suite.Suite, error) {
	if len(args) == 0 {
		if st, err := os.Stat("testdata"); err == nil && st.IsDir() {
			return w.suites([]string{"testdata"})
		}
		s, err := w.reference()
		return []*suite.Suite{s}, err
	}
	var suites []*suite.Suite
	for _, arg := range args {
		s, err := w.suite(arg)
		if err != nil {
			return nil, err
		}
		suites = append(suites, s)
	}
	return suites, nil
}

func (w World) suite(arg string) (*suite.Suite, error) {
	st, err := os.Stat(arg)
	switch {
	case err == nil && st.IsDir():
		return inDir(arg, "")
	case err == nil:
		return inDir(filepath.Dir(arg), filepath.Base(arg))
	case strings.ContainsRune(arg, filepath.Separator) || strings.HasSuffix(arg, scenario.Extension):
		return nil, usage(fmt.Errorf("read scenario: %w", err))
	}
	if !slices.Contains(w.names(), arg) {
		return nil, usage(fmt.Errorf("no scenario %q here or in the reference suite%s\nsee 'assay run --help'", arg, nearest(arg, w.names())))
	}
	return suite.ReadFiles(referenceTarget, w.Reference, arg+scenario.Extension)
}

// inDir reads a directory of this machine, or one file of it.
func inDir(dir, file string) (*suite.Suite, error) {
	var s *suite.Suite
	var err error
	if file == "" {
		s, err = suite.Read(filepath.Clean(dir), os.DirFS(dir))
	} else {
		s, err = suite.ReadFiles(filepath.Clean(dir), os.DirFS(dir), file)
	}
	if err != nil {
		return nil, err
	}
	if len(s.Scenarios) == 0 {
		return nil, usage(fmt.Errorf("no scenarios (*%s) in %s", scenario.Extension, dir))
	}
	s.Dir = dir
	return s, nil
}

// names are those of the reference suite's scenarios.
func (w World) names() (names []string) {
	files, _ := fs.Glob(w.Reference, "*"+scenario.Extension) // the pattern is well-formed
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, scenario.Extension))
	}
	return names
}

func (w World) completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return w.names(), cobra.ShellCompDirectiveDefault
}

// nearest suggests what was meant by a name.
func nearest(name string, names []string) string {
	for _, n := range names {
		if strings.Contains(n, name) || strings.Contains(name, n) {
			return fmt.Sprintf("; did you mean %q?", n)
		}
	}
	return ""
}
