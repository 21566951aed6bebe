package report

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assay-lab/assay/vmtest"
)

// same compares reports whatever the order their cells and kernels came in.
var same = cmp.Options{
	cmpopts.IgnoreUnexported(Report{}),
	cmpopts.SortSlices(func(a, b Kernel) bool { return a.Name < b.Name }),
	cmpopts.SortSlices(func(a, b Cell) bool { return a.Key().String() < b.Key().String() }),
}

func jsonOf(t *testing.T, r *Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestJSONRoundTrip(t *testing.T) {
	want := sample(40)
	got, err := Read(bytes.NewReader(jsonOf(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("a report that was written and read differs (-want +got):\n%s", diff)
	}
	if again := jsonOf(t, got); !bytes.Equal(again, jsonOf(t, want)) {
		t.Error("JSON of a report that was read differs from the JSON it was read from")
	}
}

func TestJSONOrder(t *testing.T) {
	a, b := sample(5), New(Tool{"assay", "v1.2.0"}, Host{})
	b.Host, b.Started, b.Seconds = a.Host, a.Started, a.Seconds
	for _, k := range slices.Backward(a.Kernels) {
		b.AddKernel(k)
	}
	for _, c := range slices.Backward(a.Cells) {
		b.Add(c)
	}
	if !bytes.Equal(jsonOf(t, a), jsonOf(t, b)) {
		t.Error("the order in which cells came shows in the JSON")
	}
}

func TestReadRefuses(t *testing.T) {
	const cell = `{"case":"a","kernel":"6.1","verdict":"pass"}`
	for _, tt := range []struct{ name, in, want string }{
		{"no JSON", "junk", "read report: invalid"},
		{"no schema", `{"cells":[]}`, `no "schema"`},
		{"another form", `{"schema":"other/v1"}`, `not a report: it has schema "other/v1"`},
		{"a newer form", `{"schema":"assay.certification/v2"}`, "or a newer one"},
		{"no verdict", `{"schema":"` + Schema + `","cells":[{"case":"a","kernel":"6.1"}]}`, "cell 1 lacks"},
		{"twice", `{"schema":"` + Schema + `","cells":[` + cell + "," + cell + `]}`, ErrDuplicateCell.Error()},
		{"cut off", `{"schema":"` + Schema + `"`, "unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
	_, err := Read(strings.NewReader(`{"schema":"x"}`))
	var schema *SchemaError
	if !errors.As(err, &schema) || schema.Schema != "x" {
		t.Errorf("got %#v, want a *SchemaError for x", err)
	}
}

func TestReadTakesAdditions(t *testing.T) {
	r, err := Read(strings.NewReader(`{"schema":"` + Schema + `","weather":{"rain":true},"cells":[
		{"case":"a","kernel":"6.1","verdict":"levitated","mood":1},{"case":"b","kernel":"6.1","verdict":"pass","figures":{"processed":0,"loops":3}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Class(); got != vmtest.NoLab {
		t.Errorf("class with an unknown verdict = %v, want %v", got, vmtest.NoLab)
	}
	f := r.Cells[1].Figures
	if f == nil || f.Processed == nil || *f.Processed != 0 || f.Instructions != nil {
		t.Errorf("figures = %+v: want processed 0, and instructions not known", f)
	}
	if len(r.Kernels) != 1 || r.Kernels[0].Name != "6.1" {
		t.Errorf("kernels = %+v, want the one its cells name", r.Kernels)
	}
}

func TestExitStatus(t *testing.T) {
	cell := func(v vmtest.Verdict, kernel string) Cell {
		return Cell{Case: string(v), Kernel: kernel, Verdict: v}
	}
	required := Kernel{Name: "6.1", Required: true}
	for _, tt := range []struct {
		name    string
		kernels []Kernel
		cells   []Cell
		want    int
	}{
		{"nothing", nil, nil, 3},
		{"nothing run", nil, []Cell{cell(vmtest.NotRun, "6.1")}, 3},
		{"passes", nil, []Cell{cell(vmtest.Pass, "6.1"), cell(vmtest.Unsupported, "6.1")}, 0},
		{"a kernel less", nil, []Cell{cell(vmtest.Pass, "6.12"), cell(vmtest.NotRun, "6.1")}, 0},
		{"a required kernel less", []Kernel{required}, []Cell{cell(vmtest.Pass, "6.12"), cell(vmtest.NotRun, "6.1")}, 3},
		{"a required kernel without cells", []Kernel{required}, []Cell{cell(vmtest.Pass, "6.12")}, 3},
		{"a required kernel in part", []Kernel{required}, []Cell{cell(vmtest.Pass, "6.1"), cell(vmtest.NotRun, "6.1")}, 3},
		{"lab", nil, []Cell{cell(vmtest.Pass, "6.1"), cell(vmtest.Infra, "6.1")}, 3},
		{"fell", nil, []Cell{cell(vmtest.Pass, "6.1"), cell(vmtest.Hang, "6.1")}, 1},
		{"fell, and lab", nil, []Cell{cell(vmtest.Infra, "6.1"), cell(vmtest.Fail, "6.1")}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := New(Tool{}, Host{})
			for _, k := range tt.kernels {
				r.AddKernel(k)
			}
			for _, c := range tt.cells {
				r.Add(c)
			}
			if got := r.ExitStatus(); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestAddKernel(t *testing.T) {
	r := New(Tool{}, Host{})
	r.AddKernel(Kernel{Name: "5.10"})
	r.Add(Cell{Case: "a", Kernel: "6.1", Release: "6.1.0-43", Verdict: vmtest.NotRun, Reason: "gone"})
	r.AddKernel(Kernel{Name: "6.1", Series: "6.1"})
	r.Add(Cell{Case: "a", Kernel: "5.10", Verdict: vmtest.Pass})
	r.AddKernel(Kernel{Name: "5.10", Release: "5.10.0-36"})
	want := []Kernel{
		{Name: "5.10", Release: "5.10.0-36", Status: StatusRun},
		{Name: "6.1", Series: "6.1", Status: StatusNotRun, Reason: "gone"},
	}
	if diff := cmp.Diff(want, r.Kernels); diff != "" {
		t.Errorf("kernels differ (-want +got):\n%s", diff)
	}
}

func TestAddConcurrently(t *testing.T) {
	r := New(Tool{}, Host{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 50 {
				r.Add(Cell{Case: string(rune('a' + j)), Kernel: string(rune('1' + i)), Verdict: vmtest.Pass})
				_ = r.ExitStatus()
			}
		})
	}
	wg.Wait()
	if got := len(r.Cells); got != 200 {
		t.Errorf("got %d cells, want 200", got)
	}
}

func TestAddAgainReplaces(t *testing.T) {
	r := New(Tool{}, Host{})
	r.Add(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.Infra})
	r.Add(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.Pass})
	if len(r.Cells) != 1 || r.Cells[0].Verdict != vmtest.Pass {
		t.Errorf("cells = %+v, want the second only", r.Cells)
	}
}

func TestFromCell(t *testing.T) {
	o := vmtest.Outcome{Verdict: vmtest.Pass, Stdout: "out", Console: "con", Duration: 1234567 * time.Microsecond, CPU: time.Second}
	c := vmtest.Cell{Target: "t", Case: "c", Kernel: "6.1", Release: "6.1.0", Outcome: &o}
	want := Cell{Target: "t", Case: "c", Kernel: "6.1", Release: "6.1.0", Verdict: vmtest.Pass, Seconds: 1.235, CPUSeconds: 1}
	if diff := cmp.Diff(want, FromCell(c, false)); diff != "" {
		t.Errorf("of a pass (-want +got):\n%s", diff)
	}
	want.Stdout, want.Console = "out", "con"
	if diff := cmp.Diff(want, FromCell(c, true)); diff != "" {
		t.Errorf("of a pass, verbose (-want +got):\n%s", diff)
	}
	o.Verdict, want.Verdict = vmtest.Fail, vmtest.Fail
	if diff := cmp.Diff(want, FromCell(c, false)); diff != "" {
		t.Errorf("of a fail (-want +got):\n%s", diff)
	}
}

func TestNaturalCompare(t *testing.T) {
	sorted := []string{"4.19", "5.10", "6.1", "6.1.0-43", "6.12", "6.12-rt", "6.12.3", "7.3~rc2", "7.3", "7.3.1", "10.0", "alpha", "alpha2", "alpha10", "beta"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := naturalCompare(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("naturalCompare(%q, %q) = %d, want the sign of %d", a, b, got, i-j)
			}
		}
	}
}
