package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
)

func (w *world) list() *cobra.Command {
	var asJSON, all, offline bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the kernels there are, and which of them are here",
		Long: `List the kernels there are. "cached" ones are ready to boot; "available" ones were
found at their source just now; for others, the reason says what would help.
An asterisk marks the default matrix.`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			found, err := s.List(c.Context(), kernels.ListOptions{Flavours: all, Offline: offline})
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(w.stdout, found)
			}
			return printList(w.stdout, found)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print an array of objects, documented at kernels.Listing")
	c.Flags().BoolVarP(&all, "all", "a", false, "list every flavour")
	c.Flags().BoolVar(&offline, "offline", false, "ask no source")
	return c
}

func printList(out io.Writer, found []kernels.Listing) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KERNEL\tRELEASE\tSOURCE\tSIZE\tSTATE")
	var reasons []string
	for _, l := range found {
		name := l.Name
		if l.Default {
			name += " *"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", name, orDash(l.Release), l.Source, size(l.Size), state(&l))
		if l.Reason != "" {
			reasons = append(reasons, l.Name+": "+l.Reason)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(reasons) > 0 {
		fmt.Fprintf(out, "\n%s\n", strings.Join(reasons, "\n"))
	}
	return nil
}

func state(l *kernels.Listing) string {
	switch {
	case l.Cached:
		return "cached"
	case l.Available:
		return "available"
	}
	return "not available"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// size prints a number of bytes in megabytes, as download sizes are.
func size(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func (w *world) versions() *cobra.Command {
	var asJSON, all, expired bool
	c := &cobra.Command{
		Use:   "versions [SERIES…]",
		Short: "List every version that the signed indexes offer",
		Long: `List every version that the signed indexes of Debian's archive offer, newest first
within a series. Each can be used by its name, for instance to find the version
that broke something.`,
		RunE: func(c *cobra.Command, series []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			found, err := s.Versions(c.Context(), series, kernels.GetOptions{Notice: w.notice, AllowExpired: expired})
			if err != nil {
				return err
			}
			if !all {
				found = onlyDefault(found)
			}
			if asJSON {
				return writeJSON(w.stdout, found)
			}
			return printVersions(w.stdout, found)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print an array of objects, documented at kernels.Version")
	c.Flags().BoolVarP(&all, "all", "a", false, "list every flavour")
	c.Flags().BoolVar(&expired, "allow-expired", false, "trust indexes past their date")
	return c
}

func onlyDefault(all []kernels.Version) []kernels.Version {
	some := []kernels.Version{} // an array in JSON, even if empty
	for _, v := range all {
		if v.Flavour == kernels.Flavours[0] {
			some = append(some, v)
		}
	}
	return some
}

func printVersions(out io.Writer, found []kernels.Version) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KERNEL\tRELEASE\tSUITE\tSIZE\tSTATE")
	for _, v := range found {
		var marks []string
		if v.Pinned {
			marks = append(marks, "pinned")
		}
		if v.Cached {
			marks = append(marks, "cached")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", v.Name, v.Release, v.Suite, size(v.Size), strings.Join(marks, ", "))
	}
	return t.Flush()
}
