package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
)

func (w *world) pull() *cobra.Command {
	var all, expired bool
	c := &cobra.Command{
		Use:   "pull [NAME…]",
		Short: "Fetch kernels into the cache; without names, the default matrix",
		RunE: func(c *cobra.Command, names []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			switch {
			case all && len(names) > 0:
				return usage(errors.New("give names or --all, not both"))
			case all:
				for _, e := range kernels.All() {
					names = append(names, e.Series)
				}
			case len(names) == 0:
				names = kernels.Default()
			}
			var failed several
			for _, name := range names {
				if err := w.pullOne(c, s, name, expired); err != nil {
					failed = append(failed, err)
				}
				if c.Context().Err() != nil {
					break
				}
			}
			return failed.orNil()
		},
	}
	c.Flags().BoolVarP(&all, "all", "a", false, "fetch every series")
	c.Flags().BoolVar(&expired, "allow-expired", false, "trust indexes past their date")
	return c
}

func (w *world) pullOne(c *cobra.Command, s *kernels.Store, name string, expired bool) error {
	m := newMeter(w.stderr)
	img, err := s.Get(c.Context(), name, kernels.GetOptions{
		AllowExpired: expired,
		Progress:     m.show,
		Notice:       func(text string) { m.clear(); w.notice(text) },
	})
	m.clear()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "%s  %s\n", name, img.Release)
	return err
}

func (w *world) add() *cobra.Command {
	var o kernels.AddOptions
	c := &cobra.Command{
		Use:   "add NAME FILE",
		Short: "Put a bzImage or ELF kernel of your own into the cache",
		Long: `Put a bzImage or ELF kernel of your own into the cache, under a name. A name of
the catalogue, such as 4.19, makes it stand in for the catalogue's kernel. Modules
are only needed for what is not built in.`,
		Example: "  assay kernels add 4.19 ./bzImage\n  assay kernels add mine arch/x86/boot/bzImage --modules ./modroot --config .config",
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, a []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			img, err := s.Add(c.Context(), a[0], a[1], o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.stdout, "%s  %s\n", a[0], img.Release)
			return err
		},
	}
	c.Flags().StringVar(&o.Modules, "modules", "", "`directory` with the kernel's modules")
	c.Flags().StringVar(&o.Config, "config", "", "`file` with the kernel's build configuration")
	return c
}

func (w *world) remove() *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME…",
		Aliases: []string{"remove"},
		Short:   "Take kernels out of the cache",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			var failed several
			for _, name := range names {
				freed, err := s.Remove(c.Context(), name)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				fmt.Fprintf(w.stdout, "%s  %s freed\n", name, size(freed))
			}
			return failed.orNil()
		},
	}
}

func (w *world) update() *cobra.Command {
	var o kernels.UpdateOptions
	c := &cobra.Command{
		Use:   "update [SERIES…]",
		Short: "Pin the newest versions that the signed indexes offer",
		Long: `Look through the signed indexes of Debian's archive for the newest kernels and pin
them for this user's cache. With --catalog, write the pins into the files of a
catalogue directory instead, as the project's maintainers do.`,
		RunE: func(c *cobra.Command, series []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			o.Notice = w.notice
			changes, err := s.Update(c.Context(), series, o)
			for _, ch := range changes {
				fmt.Fprintf(w.stdout, "%s  %s -> %s  (%s)\n", ch.Kernel, orDash(ch.Old), ch.New, ch.Suite)
			}
			if err == nil && len(changes) == 0 {
				fmt.Fprintln(w.stdout, "every pin is the newest there is")
			}
			return err
		},
	}
	c.Flags().StringVar(&o.Catalog, "catalog", "", "write into the files of this `directory`")
	c.Flags().BoolVar(&o.AllowExpired, "allow-expired", false, "trust indexes past their date")
	return c
}

func (w *world) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Read every file of cached kernels and compare with what was put there",
		RunE: func(c *cobra.Command, names []string) error {
			s, err := w.store()
			if err != nil {
				return err
			}
			if len(names) == 0 {
				if names, err = cachedNames(c, s); err != nil {
					return err
				}
			}
			var failed several
			for _, name := range names {
				err := s.Verify(c.Context(), name)
				if errors.Is(err, fs.ErrNotExist) {
					err = usage(err)
				}
				if err != nil {
					failed = append(failed, err)
					continue
				}
				fmt.Fprintf(w.stdout, "%s  ok\n", name)
			}
			return failed.orNil()
		},
	}
}

func cachedNames(c *cobra.Command, s *kernels.Store) ([]string, error) {
	all, err := s.List(c.Context(), kernels.ListOptions{Flavours: true, Offline: true})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range all {
		if l.Cached {
			names = append(names, l.Name)
		}
	}
	return names, nil
}
