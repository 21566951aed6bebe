package object

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
)

var update = flag.Bool("update", false, "make what came out the expected verdicts")

func TestMain(m *testing.M) { vmtest.Main(m, Roles()) }

// runnerFor opens the lab, and lists the kernels of the matrix that are here.
func runnerFor(t *testing.T) (*vmtest.Runner, []string) {
	t.Helper()
	notice := func(line string) { t.Log(line) }
	lab, err := vmtest.Open(vmtest.Config{Notice: notice})
	if err != nil {
		t.Skipf("no lab: %v", err)
	}
	store, err := kernels.Open("")
	if err != nil {
		t.Fatal(err)
	}
	r := vmtest.NewRunner(lab, store, kernels.GetOptions{Notice: notice}, vmtest.Payload{})
	names := vmtest.KernelNames(os.Getenv("ASSAY_KERNELS"))
	if len(names) == 0 {
		names = kernels.Default()
	}
	if testing.Short() {
		names = names[len(names)-1:]
	}
	var here []string
	for _, name := range names {
		_, err := r.Image(t.Context(), name)
		var missing *kernels.NotAvailableError
		switch {
		case errors.As(err, &missing):
			t.Logf("not run on %s: %v", name, err)
		case err != nil:
			t.Fatal(err)
		default:
			here = append(here, name)
		}
	}
	if len(here) == 0 {
		t.Skip("no kernel of the matrix can be had here")
	}
	return r, here
}

// open reads objects of testdata.
func open(t *testing.T, o Options, names ...string) *Target {
	t.Helper()
	var paths []string
	for _, name := range names {
		paths = append(paths, filepath.Join("testdata", name))
	}
	target, err := Open(o, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// runAll has a target certified.
func runAll(t *testing.T, r *vmtest.Runner, kernels []string, target *Target) []vmtest.Cell {
	t.Helper()
	var cells []vmtest.Cell
	r.RunAll(t.Context(), vmtest.Plan(kernels, target.Cases()), func(vmtest.Planned) {}, func(_ vmtest.Planned, c vmtest.Cell) {
		cells = append(cells, c)
	})
	return cells
}

// verdictOf is what came of a cell, in a line.
func verdictOf(c vmtest.Cell) string {
	d, ok := c.Detail.(*Detail)
	if !ok {
		return fmt.Sprintf("%s: %s", c.Verdict, c.Reason)
	}
	return strings.TrimSuffix(fmt.Sprintf("%s: %s", d.Load(), c.Reason), ": ")
}

// A verdicts file has, for each program, the kernels and what they say of it:
//
//	object.o program
//		5.10 6.1: rejected: cause
//		6.12: accepted
type verdicts map[string]map[string]string // by program, by kernel

func readVerdicts(t *testing.T, file string) verdicts {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	all := verdicts{}
	program := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		rest, indented := strings.CutPrefix(line, "\t")
		if !indented {
			program = line
			all[program] = map[string]string{}
			continue
		}
		names, verdict, _ := strings.Cut(rest, ": ")
		for name := range strings.SplitSeq(names, " ") {
			all[program][name] = verdict
		}
	}
	return all
}

func (v verdicts) write(t *testing.T, file string) {
	t.Helper()
	var b strings.Builder
	order := kernels.Default()
	for _, program := range slices.Sorted(maps.Keys(v)) {
		fmt.Fprintln(&b, program)
		for i := 0; i < len(order); {
			verdict, ok := v[program][order[i]]
			same := []string{order[i]}
			for i++; i < len(order) && v[program][order[i]] == verdict; i++ {
				same = append(same, order[i])
			}
			if ok {
				fmt.Fprintf(&b, "\t%s: %s\n", strings.Join(same, " "), verdict)
			}
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every cause there is, on every kernel: testdata/*.c say what each program is to
// find, testdata/verdicts.txt what the kernels say of it.
func TestVerdicts(t *testing.T) {
	const file = "testdata/verdicts.txt"
	r, names := runnerFor(t)
	target := open(t, Options{Types: map[string]string{"filter": "socket_filter"}}, ".")
	want := readVerdicts(t, file)
	got := verdicts{}
	for _, c := range runAll(t, r, names, target) {
		program := c.Target + " " + c.Case
		if got[program] == nil {
			got[program] = map[string]string{}
		}
		got[program][c.Kernel] = verdictOf(c)
	}
	if *update {
		for program := range got {
			for kernel, verdict := range want[program] { // of kernels that are not here
				if _, ran := got[program][kernel]; !ran {
					got[program][kernel] = verdict
				}
			}
		}
		got.write(t, file)
		return
	}
	here := verdicts{}
	for program, on := range want {
		here[program] = map[string]string{}
		for _, kernel := range names {
			here[program][kernel] = on[kernel]
		}
	}
	if diff := cmp.Diff(here, got); diff != "" {
		t.Errorf("verdicts differ from %s; go test -run TestVerdicts -update . makes them the expected ones:\n%s", file, diff)
	}
}
