package report

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assay-lab/assay/vmtest"
)

func attest(t *testing.T, r *Report) statement {
	t.Helper()
	var b strings.Builder
	if err := r.WriteAttestation(&b, "https://ci.example.org/run/7"); err != nil {
		t.Fatal(err)
	}
	var s statement
	if err := json.Unmarshal([]byte(b.String()), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAttestation(t *testing.T) {
	r := sample(8)
	r.Cells = slices.DeleteFunc(r.Cells, func(c Cell) bool {
		return !slices.Contains([]string{"xdp_punt_af_xdp", "tcx_order", "prog_02_cgroup_skb", "capture_snaplen"}, c.Case)
	})
	var b strings.Builder
	if err := r.WriteAttestation(&b, "https://ci.example.org/run/7"); err != nil {
		t.Fatal(err)
	}
	golden(t, "attestation.json", b.String())
}

// TestAttestationNamesEveryTest: a policy asks for names in the lists, and one that was
// not run must be in none.
func TestAttestationNamesEveryTest(t *testing.T) {
	r := sample(40)
	p := attest(t, r).Predicate
	where := map[string]string{}
	for list, names := range map[string][]string{"passed": p.PassedTests, "warned": p.WarnedTests, "failed": p.FailedTests} {
		for _, n := range names {
			if where[n] != "" {
				t.Errorf("%s is both %s and %s", n, where[n], list)
			}
			where[n] = list
		}
	}
	for _, c := range r.Cells {
		want := map[vmtest.Verdict]string{vmtest.Pass: "passed", vmtest.Unsupported: "warned", vmtest.NotRun: ""}
		w, ok := want[c.Verdict]
		if !ok {
			w = "failed"
		}
		if len(c.Excused) > 0 {
			w = "warned"
		}
		if got := where[c.Key().String()]; got != w {
			t.Errorf("%s, %s: in list %q, want %q", c.Key(), c.Verdict, got, w)
		}
	}
}

func TestAttestationResult(t *testing.T) {
	for _, tt := range []struct {
		verdicts []vmtest.Verdict
		required bool
		want     string
	}{
		{[]vmtest.Verdict{vmtest.Pass}, false, "PASSED"},
		{[]vmtest.Verdict{vmtest.Pass, vmtest.Unsupported}, false, "WARNED"},
		{[]vmtest.Verdict{vmtest.Pass, vmtest.NotRun}, false, "WARNED"},
		{[]vmtest.Verdict{vmtest.Pass, vmtest.NotRun}, true, "FAILED"},
		{[]vmtest.Verdict{vmtest.Pass, vmtest.Infra}, false, "FAILED"},
		{[]vmtest.Verdict{vmtest.Pass, vmtest.Splat}, false, "FAILED"},
	} {
		r := New(Tool{}, Host{})
		r.AddKernel(Kernel{Name: "6.1", SHA256: strings.Repeat("a", 64), Required: tt.required})
		for _, v := range tt.verdicts {
			r.Add(Cell{Case: string(v), Kernel: "6.1", Verdict: v})
		}
		if got := attest(t, r).Predicate.Result; got != tt.want {
			t.Errorf("%v, required %v: %s, want %s", tt.verdicts, tt.required, got, tt.want)
		}
	}
}

func TestAttestationNeedsASubject(t *testing.T) {
	r := New(Tool{}, Host{})
	r.Add(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.Pass})
	if err := r.WriteAttestation(&strings.Builder{}, ""); !errors.Is(err, ErrNoSubject) {
		t.Errorf("got %v, want %v", err, ErrNoSubject)
	}
}
