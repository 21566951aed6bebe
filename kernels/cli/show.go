package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
)

// shown is the form of "show --json".
type shown struct {
	kernels.Listing
	About   string         `json:"about,omitempty"`
	Cmdline []string       `json:"cmdline"`
	Modules []string       `json:"modules"`
	Has     []string       `json:"has"`
	Lacks   []string       `json:"lacks"`
	Splats  []shownSplat   `json:"splats"`
	Image   *kernels.Image `json:"image,omitempty"` // if cached
}

type shownSplat struct {
	Match  string `json:"match"`
	Reason string `json:"reason"`
}

func (w *world) show() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show what is known of one kernel, and where its files are",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			l, err := s.Describe(c.Context(), names[0])
			if err != nil {
				return err
			}
			d := describe(l)
			if l.Cached {
				d.Image, err = s.Get(c.Context(), names[0], kernels.GetOptions{Offline: true, Notice: w.notice})
				if err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(w.stdout, d)
			}
			return printShown(w.stdout, d)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print an object")
	return c
}

func describe(l *kernels.Listing) *shown {
	d := &shown{Listing: *l, Cmdline: []string{}, Modules: []string{}, Has: []string{}, Lacks: []string{}, Splats: []shownSplat{}}
	e, ok := kernels.Series(l.Series)
	if !ok {
		return d
	}
	d.About = e.About
	d.Cmdline = append(d.Cmdline, e.Cmdline...)
	d.Modules = append(d.Modules, e.Modules...)
	d.Has = append(d.Has, e.Has...)
	d.Lacks = append(d.Lacks, e.Lacks...)
	for _, s := range e.Splats {
		d.Splats = append(d.Splats, shownSplat{s.Match.String(), s.Reason})
	}
	return d
}

func printShown(out io.Writer, d *shown) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(key, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", key, value)
		}
	}
	row("kernel", d.Name)
	row("series", strings.TrimSpace(d.Series+"  "+d.About))
	row("flavour", d.Flavour)
	row("release", d.Release)
	row("version", d.Version)
	row("source", d.Source)
	row("state", state(&d.Listing))
	row("reason", d.Reason)
	row("size", size(d.Size))
	row("cmdline", strings.Join(d.Cmdline, " "))
	row("has", strings.Join(d.Has, " "))
	row("lacks", strings.Join(d.Lacks, " "))
	for _, s := range d.Splats {
		row("splat", s.Match+"  "+s.Reason)
	}
	if d.Image != nil {
		row("digest", d.Image.Digest)
		row("image", d.Image.Kernel)
		row("vmlinux", d.Image.Vmlinux)
		row("pvh", fmt.Sprint(d.Image.PVH))
		row("config", d.Image.Config)
		row("modules", d.Image.Modules)
	}
	return t.Flush()
}
