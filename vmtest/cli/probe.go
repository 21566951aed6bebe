package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
	kernelscli "github.com/assay-lab/assay/kernels/cli"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/object"
)

// ProbeRole is the name under which a program tells what the running kernel has.
const ProbeRole = "assay-probe"

// Roles returns the roles of a program that probes kernels and loads BPF objects.
func Roles() vmtest.Roles {
	roles := vmtest.Roles{ProbeRole: {Run: func() int { return feature.Main(os.Stdout) }}}
	maps.Copy(roles, object.Roles())
	return roles
}

func (w World) probeCommand() *cobra.Command {
	var asJSON bool
	var catalogue string
	c := &cobra.Command{
		Use:   "probe [NAME…]",
		Short: "Boot kernels and find out what they have and lack",
		Long: `Boots each kernel (default: the default matrix) and tries every feature known. What
differs from the catalogue's claims is marked, and makes the exit status 1.

A new kernel's claims are filled in by --write, from the root of this project.`,
		RunE: func(c *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = kernels.Default()
			}
			return w.probeAll(c.Context(), names, asJSON, catalogue)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: an array with name, release, has, lacks, contradicts for each kernel")
	c.Flags().StringVar(&catalogue, "write", "", "write what was found into the catalogue in this `directory`")
	return c
}

// probed is what a kernel was found to have and lack.
type probed struct {
	Name    string            `json:"name"`
	Release string            `json:"release"`
	Has     []string          `json:"has"`
	Lacks   map[string]string `json:"lacks"` // with the reason
	// Reason is why it was not probed, if it was not.
	Reason string `json:"reason,omitempty"`
	// Contradicts are the features of which the catalogue says otherwise.
	Contradicts []string `json:"contradicts"`
}

func (w World) probeAll(ctx context.Context, names []string, asJSON bool, catalogue string) error {
	store, err := kernels.Open("")
	if err != nil {
		return noLab(err)
	}
	lab, err := w.lab(false, w.notice)
	if err != nil {
		return err
	}
	payload, err := vmtest.SelfPayload(ProbeRole)
	if err != nil {
		return noLab(err)
	}
	var all []probed
	for _, name := range names {
		p, err := w.probeOne(ctx, lab, store, name, *payload)
		var absent *kernels.NotAvailableError
		if errors.As(err, &absent) {
			p.Reason = err.Error()
			w.notice("not probed: " + p.Reason)
			all = append(all, p)
			continue
		}
		if err != nil {
			return err
		}
		if e, ok := kernels.Series(name); ok && catalogue != "" {
			if err := kernels.SetFeatures(catalogue, e.Series, p.Has, sortedKeys(p.Lacks)); err != nil {
				return noLab(err)
			}
		}
		all = append(all, p)
	}
	if err := w.printProbed(all, asJSON); err != nil || catalogue != "" {
		return err
	}
	if slices.ContainsFunc(all, func(p probed) bool { return len(p.Contradicts) > 0 }) {
		return ErrFell
	}
	return nil
}

func (w World) probeOne(ctx context.Context, lab *vmtest.Lab, store *kernels.Store, name string, payload vmtest.Payload) (probed, error) {
	p := probed{Name: name, Lacks: map[string]string{}}
	image, err := kernelscli.Fetch(ctx, store, name, w.Stderr)
	if err != nil {
		return p, err
	}
	p.Release = image.Release
	base, err := lab.Template(ctx, image, vmtest.Shape{})
	if err != nil {
		return p, noLab(err)
	}
	t, err := base.With(ctx, payload)
	if err != nil {
		return p, noLab(err)
	}
	o := t.Run(ctx, vmtest.Task{Args: []string{vmtest.RolePath(ProbeRole)}, Zygote: true})
	if o.Verdict != vmtest.Pass {
		o.Explain(w.Stderr)
		return p, noLab(fmt.Errorf("probe kernel %s: %s: %s", name, o.Verdict, o.Reason))
	}
	p.read(o.Stdout)
	p.compare(image)
	return p, nil
}

// read takes the lines "has NAME" and "lacks NAME: reason".
func (p *probed) read(text string) {
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, reason, _ := strings.Cut(rest, ": ")
		switch word {
		case "has":
			p.Has = append(p.Has, name)
		case "lacks":
			p.Lacks[name] = reason
		}
	}
}

// compare holds what was found against what the catalogue says.
func (p *probed) compare(image *kernels.Image) {
	e, ok := kernels.Series(image.Series)
	if !ok || image.Source != "debian" {
		return
	}
	for _, name := range p.Has {
		if !slices.Contains(e.Has, name) {
			p.Contradicts = append(p.Contradicts, name)
		}
	}
	for _, name := range sortedKeys(p.Lacks) {
		if !slices.Contains(e.Lacks, name) {
			p.Contradicts = append(p.Contradicts, name)
		}
	}
}

func (w World) printProbed(all []probed, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	t := tabwriter.NewWriter(w.Stdout, 0, 8, 2, ' ', 0)
	head := []string{"FEATURE"}
	for _, p := range all {
		head = append(head, p.Name)
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, f := range feature.Names() {
		row := []string{f}
		for _, p := range all {
			row = append(row, p.word(f))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, p := range all {
		if len(p.Contradicts) > 0 {
			fmt.Fprintf(w.Stdout, "%s: the catalogue does not say so of %s\n", p.Name, strings.Join(p.Contradicts, ", "))
		}
	}
	return nil
}

// word is a feature's cell in the table; ! marks what the catalogue contradicts.
func (p probed) word(name string) string {
	word := "-"
	if slices.Contains(p.Has, name) {
		word = "has"
	} else if _, ok := p.Lacks[name]; ok {
		word = "lacks"
	}
	if slices.Contains(p.Contradicts, name) {
		word += "!"
	}
	return word
}
