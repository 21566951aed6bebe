package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assay-lab/assay/vmtest"
)

func tableOf(t *testing.T, r *Report, o TableOptions) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteTable(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		report *Report
		o      TableOptions
	}{
		{"table.txt", sample(0), TableOptions{}},
		{"table-targets.txt", sample(8), TableOptions{Width: 100}},
		{"table-colour.txt", sample(0), TableOptions{Colour: true}},
		{"table-12-kernels.txt", twelve(), TableOptions{}},
		{"table-40-columns.txt", twelve(), TableOptions{Width: 40}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, tt.name, tableOf(t, tt.report, tt.o))
		})
	}
}

// twelve is a report of twelve kernels, one of them a file.
func twelve() *Report {
	r := New(Tool{"assay", "v1.2.0"}, Host{})
	for i, k := range strings.Fields("4.19 5.10 6.1 6.12 6.12-rt 6.16 6.17 6.18 6.19 7.0 7.1 /home/me/linux/arch/x86/boot/bzImage") {
		for j, name := range sampleCases[:8] {
			v := vmtest.Verdicts()[max(0, (i*8+j)%23-13)]
			c := Cell{Target: "reference", Case: name, Kernel: k, Verdict: v}
			if v != vmtest.Pass {
				c.Reason = fmt.Sprintf("reason %d", j)
			}
			r.Add(c)
		}
	}
	return r
}

func TestTableFits(t *testing.T) {
	for w := 40; w <= 200; w += 7 {
		for i, r := range []*Report{sample(3), twelve()} {
			text := tableOf(t, r, TableOptions{Width: w})
			head, _, _ := strings.Cut(text, "Fell\n")
			for line := range strings.Lines(head) {
				if got := width(strings.TrimSuffix(line, "\n")); got > w {
					t.Errorf("report %d at width %d: line takes %d columns: %q", i, w, got, line)
				}
			}
		}
	}
}

func TestTableNamesEveryKernelOnce(t *testing.T) {
	r := twelve()
	text := tableOf(t, r, TableOptions{Width: 60})
	matrix, _, _ := strings.Cut(text, "Fell\n")
	seen := map[string]int{}
	for line := range strings.Lines(matrix) {
		if !strings.HasPrefix(line, "account_") {
			for _, w := range strings.Fields(line) {
				seen[w]++
			}
		}
	}
	for _, k := range r.Kernels {
		if got := seen[kernelLabel(k.Name)]; got != 1 {
			t.Errorf("kernel %s heads %d columns, want 1:\n%s", k.Name, got, matrix)
		}
	}
}

func TestTableKeepsTheTerminal(t *testing.T) {
	r := New(Tool{}, Host{})
	r.Add(Cell{Case: "evil\x1b[2J", Kernel: "6.1", Verdict: vmtest.Fail, Reason: "a\x1b]0;title\x07b\x1b[31mc\r\nd\x9bm"})
	text := tableOf(t, r, TableOptions{})
	if strings.ContainsAny(text, "\x1b\x07\r\u009b") {
		t.Errorf("control characters reach the terminal: %q", text)
	}
	if want := "evil on 6.1: abc d"; !strings.Contains(text, want) {
		t.Errorf("got %q, want %q in it", text, want)
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abc…fg"},
		{"abcdefg", 2, "a…"},
		{"abcdefg", 1, "a"},
		{"abcdefg", 0, ""},
		{"äöüßéèê", 4, "äö…ê"},
	} {
		if got := shorten(tt.in, tt.n); got != tt.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}
