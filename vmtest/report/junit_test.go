package report

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/assay-lab/assay/vmtest"
)

func junitOf(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJUnit(t *testing.T) {
	r := sample(0)
	r.Cells = slices.DeleteFunc(r.Cells, func(c Cell) bool {
		return !slices.Contains([]string{"sockmap_close_race", "tcx_order", "xdp_punt_af_xdp"}, c.Case)
	})
	golden(t, "junit.xml", junitOf(t, r))
}

func TestJUnitCounts(t *testing.T) {
	r := sample(40)
	var got junitSuites
	if err := xml.Unmarshal([]byte(junitOf(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, c := range r.Cells {
		switch c.Verdict.Class() {
		case vmtest.Fell:
			want["failures"]++
		case vmtest.NoLab:
			want["errors"]++
		}
	}
	if got.Tests != len(r.Cells) || got.Failures != want["failures"] || got.Errors != want["errors"] {
		t.Errorf("got %d tests, %d failures, %d errors; want %d, %d, %d",
			got.Tests, got.Failures, got.Errors, len(r.Cells), want["failures"], want["errors"])
	}
	if want := 6 * 2; len(got.Suites) != want {
		t.Errorf("got %d suites, want %d: one for each target on each kernel that was run", len(got.Suites), want)
	}
}

func TestJUnitRequiredKernel(t *testing.T) {
	for _, tt := range []struct {
		required bool
		want     string
	}{{true, "<error "}, {false, "<skipped "}} {
		r := New(Tool{}, Host{})
		r.AddKernel(Kernel{Name: "6.1", Required: tt.required})
		r.Add(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.NotRun, Reason: "no source has it"})
		if text := junitOf(t, r); !strings.Contains(text, tt.want) {
			t.Errorf("required %v: want %s in\n%s", tt.required, tt.want, text)
		}
	}
}

// hostile is what no XML, HTML, Markdown or terminal takes as it is.
const hostile = "\x00\x1b[31m<script>alert(1)</script> ]]> & \"q\" 'q' | ` \xff\ufffe\x7f\u0085\n@here"

func TestJUnitIsXML(t *testing.T) {
	r := New(Tool{Name: hostile}, Host{})
	r.Add(Cell{Target: hostile, Case: hostile, Kernel: hostile, Verdict: vmtest.Fail, Reason: hostile,
		Stdout: hostile, Stderr: hostile, Console: hostile, KernelLog: hostile, Stacks: hostile})
	d := xml.NewDecoder(strings.NewReader(junitOf(t, r)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
