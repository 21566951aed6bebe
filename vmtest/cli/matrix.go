package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/assay-lab/assay/kernels"
	kernelscli "github.com/assay-lab/assay/kernels/cli"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/report"
)

// matrixOptions are the flags of what runs cases on kernels.
type matrixOptions struct {
	kernels, require []string
	fresh, verbose   bool
	json, junit      string
	html, markdown   string
}

func (o *matrixOptions) flags(f *pflag.FlagSet) {
	f.StringSliceVarP(&o.kernels, "kernel", "k", nil, "kernels to run on: 6.12, 6.12-generic, ./bzImage, … (default: $ASSAY_KERNELS, else the default matrix)")
	f.StringSliceVar(&o.require, "require", nil, "kernels that must run, or all: not to have one is an error (default: $ASSAY_REQUIRE_KERNELS)")
	f.Lookup("require").NoOptDefVal = "all"
	f.BoolVar(&o.fresh, "fresh", false, "boot every machine from nothing instead of cloning it")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log also what went as expected")
	f.StringVar(&o.json, "json", "", "write the report as JSON to this `file`, - for stdout")
	f.StringVar(&o.junit, "junit", "", "write the report as JUnit XML to this `file`")
	f.StringVar(&o.html, "html", "", "write the report as one HTML page to this `file`")
	f.StringVar(&o.markdown, "markdown", "", "write the report as Markdown to this `file`")
}

// resolve fills in what the environment and the catalogue say.
func (o *matrixOptions) resolve(getenv func(string) string) {
	if len(o.kernels) == 0 {
		o.kernels = vmtest.KernelNames(getenv("ASSAY_KERNELS"))
	}
	if len(o.kernels) == 0 {
		o.kernels = kernels.Default()
	}
	if len(o.require) == 0 {
		o.require = vmtest.KernelNames(getenv("ASSAY_REQUIRE_KERNELS"))
	}
	if slices.Contains(o.require, "all") {
		o.require = o.kernels
	}
}

// matrix is a run of cases on kernels.
type matrix struct {
	w        *World
	o        matrixOptions
	runner   *vmtest.Runner
	lab      *vmtest.Lab
	report   *report.Report
	progress *report.Progress
	columns  map[string]report.Kernel
}

// runMatrix runs the cases, shows how it goes, and writes the reports.
func (w *World) runMatrix(ctx context.Context, o matrixOptions, cases []vmtest.Case, payload *vmtest.Payload) error {
	if len(cases) == 0 {
		return noLab(vmtest.ErrNothingToRun)
	}
	o.resolve(w.Getenv)
	m := &matrix{w: w, o: o, columns: map[string]report.Kernel{}}
	store, err := kernels.Open("")
	if err != nil {
		return noLab(err)
	}
	if m.lab, err = w.lab(o.fresh, m.notice); err != nil {
		return err
	}
	host := report.ThisHost()
	host.QEMU = m.lab.QEMU()
	m.report = report.New(report.Tool{Name: "assay", Version: w.Version}, host)
	m.runner = vmtest.NewRunner(m.lab, store, kernels.GetOptions{Notice: m.notice}, *payload)
	if err := m.fetch(ctx, store); err != nil {
		return err
	}
	m.run(ctx, cases)
	if err := m.write(); err != nil {
		return err
	}
	return fell(m.report.ExitStatus())
}

// fetch brings the kernels here before anything runs, and makes their columns.
func (m *matrix) fetch(ctx context.Context, store *kernels.Store) error {
	for _, name := range m.o.kernels {
		image, err := kernelscli.Fetch(ctx, store, name, m.w.Stderr)
		m.runner.Know(name, image, err)
		var unknown *kernels.UnknownError
		switch {
		case errors.As(err, &unknown):
			return err
		case errors.Is(err, fs.ErrNotExist):
			return usage(err)
		case ctx.Err() != nil:
			return noLab(context.Cause(ctx))
		}
		k := report.Kernel{Name: name, Status: report.StatusNotRun}
		if err == nil {
			k, err = m.column(ctx, image)
		}
		if err != nil {
			k.Reason = err.Error()
		}
		k.Required = slices.Contains(m.o.require, name)
		m.columns[name] = k
		m.report.AddKernel(k)
	}
	return nil
}

func (m *matrix) column(ctx context.Context, image *kernels.Image) (report.Kernel, error) {
	accel, err := m.lab.Accel(ctx, image)
	if err != nil {
		return report.Kernel{Name: image.Name, Status: report.StatusNotRun}, err
	}
	return report.FromImage(image, accel)
}

// notice tells the user something, above the progress if there is one.
func (m *matrix) notice(line string) {
	if m.progress != nil {
		m.progress.Notice("assay: " + line)
		return
	}
	m.w.notice(line)
}

func (m *matrix) run(ctx context.Context, cases []vmtest.Case) {
	plan := vmtest.Plan(m.o.kernels, cases)
	var keys []report.Key
	for _, p := range plan {
		keys = append(keys, planned(p)...)
	}
	width, terminal := terminalWidth(m.w.Stderr)
	m.progress = report.NewProgress(m.w.Stderr, report.ProgressOptions{
		Plan: keys, Terminal: terminal, Width: width, Colour: m.w.colour(m.w.Stderr),
	})
	m.runner.RunAll(ctx, plan, m.begin, m.done)
	m.progress.Close()
	m.report.End()
}

func (m *matrix) begin(p vmtest.Planned) {
	for _, k := range planned(p) {
		m.progress.Begin(k)
	}
}

// planned are the keys of the cells that a planned case will make.
func planned(p vmtest.Planned) (keys []report.Key) {
	for _, part := range p.Case.PartNames() {
		keys = append(keys, report.Key{Target: p.Case.Target, Case: part, Kernel: p.Kernel})
	}
	return keys
}

// A detail is what a case has found out that belongs into its report.
type detail interface{ Report(*report.Cell) }

func (m *matrix) done(p vmtest.Planned, c vmtest.Cell) {
	cell := report.FromCell(c, m.o.verbose)
	cell.Shape = p.Case.Shape.Name
	if d, ok := c.Detail.(detail); ok {
		d.Report(&cell)
	}
	m.report.Add(cell)
	var text strings.Builder
	switch {
	case c.Detail != nil && !m.o.verbose: // one of many: its line says it all
	case c.Verdict.Class() != vmtest.AsExpected:
		c.Details(&text)
	case m.o.verbose:
		text.WriteString(c.Stdout)
	}
	if text.Len() > 0 {
		m.progress.Notice(strings.TrimSuffix(text.String(), "\n"))
	}
	m.progress.End(cell) // after its details: the cause stands last
	if m.o.verbose && c.Verdict.Class() == vmtest.AsExpected {
		m.progress.Notice(fmt.Sprintf("%s: %s on %s%s", c.Verdict, c.Case, c.Kernel, prefixed(": ", c.Reason)))
	}
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// write writes the table and the reports that were asked for.
func (m *matrix) write() error {
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{m.o.json, m.report.WriteJSON},
		{m.o.junit, m.report.WriteJUnit},
		{m.o.html, func(out io.Writer) error { return m.report.WriteHTML(out) }},
		{m.o.markdown, m.report.WriteMarkdown},
	} {
		if err := m.save(f.name, f.write); err != nil {
			return noLab(fmt.Errorf("write report: %w", err))
		}
	}
	out := m.w.Stdout
	if m.o.json == "-" {
		out = m.w.Stderr // stdout is the report
	}
	width, _ := terminalWidth(out)
	return m.report.WriteTable(out, report.TableOptions{Width: width(), Colour: m.w.colour(out)})
}

func (m *matrix) save(name string, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(m.w.Stdout)
	}
	return report.Save(name, write)
}

func terminalWidth(out io.Writer) (width func() int, terminal bool) {
	if f, ok := out.(*os.File); ok {
		if width, ok := report.TerminalWidth(f); ok {
			return width, true
		}
	}
	return func() int { return 80 }, false
}
