package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/vmtest"
)

// before and after are two reports with every kind of change between them.
func beforeAndAfter() (older, newer *Report) {
	older, newer = New(Tool{}, Host{}), New(Tool{}, Host{})
	older.AddKernel(Kernel{Name: "6.1", Release: "6.1.0-42"})
	newer.AddKernel(Kernel{Name: "6.1", Release: "6.1.0-43"})
	test := func(name string, was, is vmtest.Verdict) {
		for _, side := range []struct {
			r *Report
			v vmtest.Verdict
		}{{older, was}, {newer, is}} {
			if side.v != "" {
				side.r.Add(Cell{Target: "t", Case: name, Kernel: "6.1", Verdict: side.v, Reason: strings.TrimPrefix("because "+name, "because same")})
			}
		}
	}
	program := func(name string, was, is Load, before, after int64) {
		for _, side := range []struct {
			r *Report
			l Load
			n int64
		}{{older, was, before}, {newer, is, after}} {
			c := Cell{Target: "o", Case: name, Kernel: "6.1", Verdict: vmtest.Pass, Load: side.l}
			if side.l == Rejected {
				c.Verdict, c.Reason = vmtest.Fail, "invalid mem access 'scalar'"
			} else if side.n > 0 {
				c.Figures = &Figures{Processed: count64(side.n)}
			}
			side.r.Add(c)
		}
	}
	test("same", vmtest.Pass, vmtest.Pass)
	test("same-fail", vmtest.Fail, vmtest.Fail)
	test("broke", vmtest.Pass, vmtest.Panic)
	test("broke-unsupported", vmtest.Unsupported, vmtest.Fail)
	test("mended", vmtest.Fail, vmtest.Pass)
	test("worse", vmtest.Fail, vmtest.Panic)
	test("other", vmtest.Pass, vmtest.Unsupported)
	test("lost", vmtest.Pass, vmtest.NotRun)
	test("found", vmtest.NotRun, vmtest.Pass)
	test("found-bad", vmtest.NotRun, vmtest.Hang)
	test("gone", vmtest.Pass, "")
	test("added", "", vmtest.Fail)
	program("p-same", Accepted, Accepted, 1000, 1050)
	program("p-grown", Accepted, Accepted, 1000, 1101)
	program("p-shrunk", Accepted, Accepted, 123456789, 1000)
	program("p-unknown", Accepted, Accepted, 0, 1000)
	program("p-rejected", Accepted, Rejected, 10, 0)
	program("p-accepted", Rejected, Accepted, 0, 10)
	return older, newer
}

func names(changes []Change) (all []string) {
	for _, c := range changes {
		all = append(all, c.New.Case)
	}
	return all
}

func TestCompare(t *testing.T) {
	older, newer := beforeAndAfter()
	c := Compare(older, newer, 10)
	for _, tt := range []struct {
		list string
		got  []string
		want []string
	}{
		{"newly rejected", names(c.NewlyRejected), []string{"p-rejected"}},
		{"newly accepted", names(c.NewlyAccepted), []string{"p-accepted"}},
		{"newly failing", names(c.NewlyFailing), []string{"broke", "broke-unsupported", "found-bad"}},
		{"newly passing", names(c.NewlyPassing), []string{"mended"}},
		{"no longer run", names(c.NoLonger), []string{"lost"}},
		{"now run", names(c.NowRun), []string{"found"}},
		{"changed", names(c.Changed), []string{"other", "worse"}},
		{"grown", names(c.Grown), []string{"p-grown"}},
		{"shrunk", names(c.Shrunk), []string{"p-shrunk"}},
		{"gone", []string{c.Gone[0].Case}, []string{"gone"}},
		{"added", []string{c.Added[0].Case}, []string{"added"}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.list, diff)
		}
	}
	if want := []KernelChange{{"6.1", "6.1.0-42", "6.1.0-43"}}; !cmp.Equal(c.Kernels, want) {
		t.Errorf("kernels = %v, want %v", c.Kernels, want)
	}
	if !c.Regressed() {
		t.Error("that something broke is no regression")
	}
}

func TestCompareText(t *testing.T) {
	older, newer := beforeAndAfter()
	var b strings.Builder
	if err := Compare(older, newer, 10).WriteText(&b, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", b.String())
}

func TestCompareWithItself(t *testing.T) {
	r := sample(10)
	c := Compare(r, r, 0)
	if got, want := c.Summary(), "nothing changed since the baseline"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Regressed() {
		t.Error("a report has regressed since itself")
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", -1234567: "-1 234 567"} {
		if got := strings.ReplaceAll(thousands(n), "\u202f", " "); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCompareMarkdown(t *testing.T) {
	older, newer := beforeAndAfter()
	var b strings.Builder
	if err := Compare(older, newer, 10).WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.md", b.String())
}
