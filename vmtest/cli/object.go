package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assay-lab/assay/kernels"
	kernelscli "github.com/assay-lab/assay/kernels/cli"
	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object"
)

// objectOptions are the flags of what certifies BPF objects.
type objectOptions struct {
	why, program string
	btf, against string
	types, maps  []string
	modules      []string
}

func (o *objectOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.why, "why", "", "tell the whole story of one program on this `kernel`")
	f.StringVar(&o.program, "program", "", "only the program of this `name`")
	f.StringVar(&o.btf, "btf", "", "type information for kernels without: a `file`, or a directory such as BTFHub's archive")
	f.StringVar(&o.against, "against", "", "the program, as `OBJECT:PROGRAM`, that others replace functions of, or trace")
	f.StringArrayVar(&o.types, "type", nil, "program type for a section or program that names none, as in `filter=socket_filter`")
	f.StringArrayVar(&o.maps, "map", nil, "size of a map that the object leaves open, as in `start:max_entries=1024,value_size=8`")
	f.StringSliceVar(&o.modules, "module", nil, "kernel `module` to load first")
}

// options are the flags as package object wants them.
func (o *objectOptions) options(notice func(string)) (object.Options, error) {
	opts := object.Options{
		BTF: o.btf, Against: o.against, Modules: o.modules, Whole: o.why != "", Notice: notice,
		Types: map[string]string{}, Maps: map[string]object.MapSize{},
	}
	for _, t := range o.types {
		name, typ, ok := strings.Cut(t, "=")
		if !ok {
			return opts, usage(fmt.Errorf("--type %s: want NAME=TYPE, as in filter=socket_filter", t))
		}
		opts.Types[name] = typ
	}
	for _, m := range o.maps {
		name, size, err := mapSize(m)
		if err != nil {
			return opts, usage(err)
		}
		opts.Maps[name] = size
	}
	return opts, nil
}

// mapSize reads NAME:key_size=N,value_size=N,max_entries=N.
func mapSize(text string) (name string, size object.MapSize, err error) {
	wrong := fmt.Errorf("--map %s: want NAME:key_size=N,value_size=N,max_entries=N, or one of these", text)
	name, rest, ok := strings.Cut(text, ":")
	if !ok || name == "" {
		return "", size, wrong
	}
	fields := map[string]*uint32{"key_size": &size.KeySize, "value_size": &size.ValueSize, "max_entries": &size.MaxEntries}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(part, "=")
		n, err := strconv.ParseUint(value, 0, 32)
		if fields[key] == nil || err != nil {
			return "", size, wrong
		}
		*fields[key] = uint32(n)
	}
	return name, size, nil
}

// areObjects tells whether targets are BPF objects: files, or directories that have
// some.
func areObjects(targets []string) bool {
	for _, t := range targets {
		st, err := os.Stat(t)
		switch {
		case err != nil || !st.IsDir():
			if object.IsObject(t) || err == nil {
				return true
			}
		default:
			for _, ext := range []string{"*.o", "*.bpf"} {
				if found, _ := filepath.Glob(filepath.Join(t, ext)); len(found) > 0 { // the pattern is well-formed
					return true
				}
			}
		}
	}
	return false
}

// certifyObjects has objects loaded by every kernel of the matrix.
func (w World) certifyObjects(c *cobra.Command, m matrixOptions, o objectOptions, targets []string) error {
	opts, err := o.options(w.notice)
	if err != nil {
		return err
	}
	t, err := object.Open(opts, targets...)
	if err == nil && o.program != "" {
		t, err = t.Only(o.program)
	}
	if err != nil {
		return err
	}
	if o.why != "" {
		return w.tellWhy(c, m, o.why, t)
	}
	return w.runMatrix(c.Context(), m, t.Cases(), &vmtest.Payload{})
}

// tellWhy tells the story of the one program on a kernel.
func (w World) tellWhy(c *cobra.Command, m matrixOptions, kernel string, t *object.Target) error {
	if n := t.Programs(); n != 1 {
		return usage(fmt.Errorf("--why is about one program, and there are %d; say which with --program: %s", n, t.List()))
	}
	store, err := kernels.Open("")
	if err != nil {
		return noLab(err)
	}
	lab, err := w.lab(m.fresh, w.notice)
	if err != nil {
		return err
	}
	if _, err := kernelscli.Fetch(c.Context(), store, kernel, w.Stderr); err != nil {
		return err
	}
	r := vmtest.NewRunner(lab, store, kernels.GetOptions{Notice: w.notice, Offline: true}, vmtest.Payload{})
	cell := r.Run(c.Context(), kernel, t.Cases()[0])
	if err := object.WriteStory(w.Stdout, cell); err != nil {
		return err
	}
	return fell(int(cell.Verdict.Class()))
}
