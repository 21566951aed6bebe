package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
)

// A finding is one line of the doctor's.
type finding struct {
	What string `json:"what"`
	// State is "ok"; "note", slower or less than could be; or "missing",
	// without which the lab does not run.
	State string `json:"state"`
	Says  string `json:"says"`
	// Mend is what to do about it, if there is something.
	Mend string `json:"mend,omitempty"`
}

// Severity of a finding.
const (
	ok      = "ok"
	note    = "note"
	missing = "missing"
)

func (w World) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can do, what is missing, and what mends it",
		Long: `Looks at what the lab needs of this machine, by trying where only that tells, and
says for what is missing which command mends it. Nothing is changed.

Exit status: 0 the lab runs here, 3 it does not.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			found := w.examine(c.Context())
			if err := w.printFindings(found, asJSON); err != nil {
				return err
			}
			if slices.ContainsFunc(found, func(f finding) bool { return f.State == missing }) {
				return fell(3)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: an array of objects with what, state, says, mend")
	return c
}

func (w World) examine(ctx context.Context) []finding {
	lab, err := w.lab(false, func(string) {})
	found := []finding{w.qemu(lab, err)}
	store, err := kernels.Open("")
	if err != nil {
		return append(found, finding{"cache", missing, err.Error(), "set ASSAY_CACHE to a directory you can write to"})
	}
	cached := kernelsAtHand(ctx, store)
	found = append(found, describeKernels(cached)...)
	if lab != nil {
		found = append(found, w.accelerator(ctx, lab, cached))
	}
	return append(found, space(), slots(), tool("go", "to run tests of Go packages", "install Go: https://go.dev/dl"),
		tool("clang-19", "to regenerate the BPF objects", "scripts/setup --dev"),
		tool("make", "to build kernel modules", "scripts/setup --dev"))
}

func (w World) qemu(lab *vmtest.Lab, err error) finding {
	if err != nil {
		return finding{"QEMU", missing, firstLine(err.Error()), "scripts/setup, or install the package qemu-system-x86"}
	}
	return finding{"QEMU", ok, lab.QEMU(), ""}
}

// kernelsAtHand returns the kernels of the default matrix that are in the cache,
// or why not.
func kernelsAtHand(ctx context.Context, store *kernels.Store) map[string]any {
	found := map[string]any{}
	for _, name := range kernels.Default() {
		image, err := store.Get(ctx, name, kernels.GetOptions{Offline: true})
		if err != nil {
			found[name] = err
			continue
		}
		found[name] = image
	}
	return found
}

func describeKernels(cached map[string]any) (found []finding) {
	for _, name := range kernels.Default() {
		f := finding{What: "kernel " + name}
		if image, is := cached[name].(*kernels.Image); is {
			f.State, f.Says = ok, image.Release
		} else {
			f.State, f.Says = note, "not in the cache"
			f.Mend = "assay kernels pull " + name
		}
		found = append(found, f)
	}
	return found
}

// accelerator tries KVM with a kernel that is there.
func (w World) accelerator(ctx context.Context, lab *vmtest.Lab, cached map[string]any) finding {
	f := finding{What: "accelerator"}
	if err := unix.Access("/dev/kvm", unix.R_OK|unix.W_OK); err != nil {
		f.State, f.Says = note, "TCG: /dev/kvm cannot be used: "+err.Error()
		if errors.Is(err, unix.EACCES) {
			f.Mend = "sudo usermod -aG kvm $USER, then log in again"
		}
		return f
	}
	for _, name := range kernels.Default() {
		image, is := cached[name].(*kernels.Image)
		if !is {
			continue
		}
		switch accel, err := lab.Accel(ctx, image); {
		case err != nil:
			f.State, f.Says = note, err.Error()
		case accel == vmtest.KVM:
			f.State, f.Says = ok, "KVM, tried with kernel "+name
		default:
			f.State, f.Says = note, "TCG: /dev/kvm is there, but did not run kernel "+name
		}
		return f
	}
	f.State, f.Says, f.Mend = note, "not tried: no kernel in the cache", "assay kernels pull"
	return f
}

// needed is what kernels and snapshots of the default matrix take.
const needed = 4 << 30

func space() finding {
	dir, err := vmtest.DefaultCacheDir()
	if err != nil {
		return finding{"cache", missing, firstLine(err.Error()), "set ASSAY_CACHE to a directory of your own"}
	}
	f := finding{What: "cache", State: ok}
	var st unix.Statfs_t
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return finding{"cache", missing, err.Error(), "set ASSAY_CACHE to a directory you can write to"}
	}
	if err := unix.Statfs(dir, &st); err != nil {
		return finding{"cache", missing, err.Error(), "set ASSAY_CACHE to a directory of your own"}
	}
	free := int64(st.Bavail) * st.Bsize
	f.Says = fmt.Sprintf("%s, %.1f GB free", dir, float64(free)/1e9)
	if free < needed {
		f.State, f.Mend = note, fmt.Sprintf("free some space: the default matrix takes up to %d GB", needed>>30)
	}
	return f
}

func slots() finding {
	n := vmtest.Slots()
	return finding{"machines at once", ok, fmt.Sprintf("%d of one CPU", n), ""}
}

func tool(name, why, mend string) finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return finding{name, note, "not there: it is wanted " + why, mend}
	}
	return finding{name, ok, path, ""}
}

func (w World) printFindings(found []finding, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(found)
	}
	t := tabwriter.NewWriter(w.Stdout, 0, 8, 2, ' ', 0)
	for _, f := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.State, f.What, f.Says)
		if f.Mend != "" {
			fmt.Fprintf(t, "\t\t  mend it: %s\n", f.Mend)
		}
	}
	return t.Flush()
}
