package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/kernels"
)

func (w *world) build() *cobra.Command {
	var o kernels.BuildOptions
	var bare, verbose bool
	c := &cobra.Command{
		Use:   "build NAME --source DIR|TARBALL",
		Short: "Build a kernel from source and put it into the cache",
		Long: `Build a kernel from a Linux source tree or tarball with the host's compiler, and
put it into the cache under a name. Over the base configuration, fragments are
merged: first "lab", what the lab asks of a kernel, then those that are given, in
order. The build fails when the configuration does not come to have all they ask.

Fragments of our own: ` + strings.Join(kernels.Fragments(), ", ") + `.`,
		Example: "  assay kernels build 6.1-kasan --source linux-6.1.192.tar.xz --config kasan\n" +
			"  assay kernels build mine --source ~/src/linux --config ./my.config",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, a []string) error {
			if o.Source == "" {
				return usage(errors.New("say what to build from: --source, a source tree or tarball"))
			}
			s, err := w.store()
			if err != nil {
				return err
			}
			if !bare {
				o.Config = append([]string{"lab"}, o.Config...)
			}
			o.Notice = w.notice
			if verbose {
				o.Log = w.stderr
			}
			img, err := s.Build(c.Context(), a[0], o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.stdout, "%s  %s\n", a[0], img.Release)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Source, "source", "", "source `tree or tarball`")
	f.StringArrayVar(&o.Config, "config", nil, "merge a `fragment`, a file or one of our own; may be repeated")
	f.StringVar(&o.Base, "base", "defconfig", "make `target` of the configuration to begin with")
	f.BoolVar(&bare, "no-lab", false, "leave out the fragment \"lab\"")
	f.IntVarP(&o.Jobs, "jobs", "j", 0, "compilers at once; as many as processors by default")
	f.BoolVarP(&verbose, "verbose", "v", false, "show what the build prints")
	return c
}
