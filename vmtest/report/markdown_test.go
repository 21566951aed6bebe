package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assay-lab/assay/vmtest"
)

func markdownOf(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	golden(t, "summary.md", markdownOf(t, sample(5)))
}

func TestMarkdownEscapes(t *testing.T) {
	r := New(Tool{Name: hostile}, Host{OS: hostile})
	r.Add(Cell{Target: hostile, Case: hostile, Kernel: hostile, Verdict: vmtest.Fail, Reason: hostile,
		Stdout: "before\n```\n</details><script>alert(2)</script>\n`````\n"})
	text := markdownOf(t, r)
	outside, fenced, _ := strings.Cut(text, "``````text\n")
	inside, rest, ok := strings.Cut(fenced, "\n``````\n")
	if !ok {
		t.Fatalf("no fence longer than what it holds in\n%s", text)
	}
	if strings.Contains(outside+rest, "<script") {
		t.Errorf("a reason's HTML is taken as it is:\n%s", outside+rest)
	}
	if !strings.Contains(inside, "<script>alert(2)") {
		t.Errorf("the output is not shown as it is:\n%s", inside)
	}
	for line := range strings.Lines(outside + rest) {
		if strings.HasPrefix(line, "|") && strings.Count(line, "|") != 3 {
			t.Errorf("a row of the table has other than 2 cells: %q", line)
		}
	}
	if strings.ContainsAny(text, "\x00\x1b\x7f\u0085") {
		t.Errorf("control characters are in the text: %q", text)
	}
}

func TestMarkdownStaysShort(t *testing.T) {
	r := New(Tool{}, Host{})
	for i := range 400 {
		r.Add(Cell{Case: fmt.Sprint("case", i), Kernel: "6.1", Verdict: vmtest.Panic, Reason: fmt.Sprint(i), Console: strings.Repeat("boot\n", 40000)})
	}
	text := markdownOf(t, r)
	if got := len(text); got > 1<<20 {
		t.Errorf("%d bytes: GitHub takes no more than %d", got, 1<<20)
	}
	if !strings.Contains(text, "logs left out") {
		t.Error("that logs are left out is not said")
	}
}
