package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/report/chart"
)

// pageOf returns the page of a report, and each of its elements.
func pageOf(t *testing.T, r *Report, charts ...chart.Chart) (string, []*html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b, charts...); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var elements []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			elements = append(elements, n)
		}
	}
	return b.String(), elements
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// TestHTMLSample writes the page of the sample to $REPORT_SAMPLE, for eyes.
func TestHTMLSample(t *testing.T) {
	path := os.Getenv("REPORT_SAMPLE")
	if path == "" {
		t.Skip("$REPORT_SAMPLE does not say where to")
	}
	if err := Save(path, func(w io.Writer) error { return sample(40).WriteHTML(w) }); err != nil {
		t.Fatal(err)
	}
}

func TestHTMLShowsEveryCell(t *testing.T) {
	r := sample(40)
	_, elements := pageOf(t, r)
	links, details := map[string]string{}, map[string]*html.Node{}
	for _, e := range elements {
		switch class := attribute(e, "class"); {
		case e.Data == "a" && strings.HasPrefix(class, "v "):
			links[strings.TrimPrefix(attribute(e, "href"), "#")] = textOf(e)
		case e.Data == "section" && strings.HasPrefix(class, "detail"):
			details[attribute(e, "id")] = e
		}
	}
	ids := cellIDs(r.view())
	for _, c := range r.Cells {
		id := ids[c.Key()]
		if got, want := links[id], strings.Replace(word(c.Verdict), "-", "–", 1); got != want {
			t.Errorf("%s: the matrix says %q, want %q", c.Key(), got, want)
		}
		d := details[id]
		if d == nil {
			t.Errorf("%s has no details", c.Key())
			continue
		}
		text := textOf(d)
		for _, want := range []string{c.Reason, c.Stderr, stripControls(c.Console), c.Stacks, c.Release} {
			if !strings.Contains(text, strings.TrimSpace(want)) {
				t.Errorf("%s: the details lack %q", c.Key(), want)
			}
		}
	}
	if len(links) != len(r.Cells) || len(details) != len(r.Cells) {
		t.Errorf("%d links and %d details for %d cells", len(links), len(details), len(r.Cells))
	}
}

// TestHTMLStandsAlone: no element loads anything, every link leads somewhere in the
// page, and the policy lets through what the page carries and no more.
func TestHTMLStandsAlone(t *testing.T) {
	page, elements := pageOf(t, sample(12), chart.Chart{Title: "extra", X: chart.Axis{Values: []string{"a"}}, Lines: []chart.Line{{Values: []float64{1}}}})
	ids := map[string]bool{}
	for _, e := range elements {
		if id := attribute(e, "id"); id != "" {
			if ids[id] {
				t.Errorf("id %q is there twice", id)
			}
			ids[id] = true
		}
	}
	policy := ""
	for _, e := range elements {
		for _, a := range e.Attr {
			checkAttribute(t, ids, e.Data, a)
		}
		if attribute(e, "http-equiv") == "Content-Security-Policy" {
			policy = attribute(e, "content")
		}
		if e.Data == "script" || e.Data == "style" {
			hash := regexp.MustCompile(`'sha256-[^']+'`).FindString(policyOf(e.Data, textOf(e)))
			if !strings.Contains(policy, e.Data+"-src "+hash) {
				t.Errorf("the policy %q does not let the <%s> through", policy, e.Data)
			}
		}
	}
	for _, part := range []string{"@import", "url(", "http://", "https://", "//cdn"} {
		if strings.Contains(strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, ""), part) {
			t.Errorf("the page has %q in it, which may load something", part)
		}
	}
	if !ids["chart-1-t"] {
		t.Error("the chart that was given is not there")
	}
}

// policyOf is the policy for one element, the other being empty.
func policyOf(element, text string) string {
	if element == "style" {
		return strings.Split(policy(text, ""), "script-src")[0]
	}
	return strings.Split(policy("", text), "script-src")[1]
}

func checkAttribute(t *testing.T, ids map[string]bool, element string, a html.Attribute) {
	t.Helper()
	switch {
	case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
		t.Errorf("<%s %s=%q>: the policy forbids it", element, a.Key, a.Val)
	case a.Key == "src" || a.Key == "srcset" || a.Key == "action" || a.Key == "data":
		t.Errorf("<%s %s=%q> loads something", element, a.Key, a.Val)
	case a.Key == "href" && element == "link" && a.Val == "data:,": // no favicon
	case a.Key == "href" && (!strings.HasPrefix(a.Val, "#") || !ids[a.Val[1:]]):
		t.Errorf("<%s href=%q> leads nowhere in the page", element, a.Val)
	case strings.HasPrefix(a.Key, "aria-labelledby"):
		for id := range strings.FieldsSeq(a.Val) {
			if !ids[id] {
				t.Errorf("<%s aria-labelledby=%q>: there is no %q", element, a.Val, id)
			}
		}
	}
}

func TestHTMLEscapes(t *testing.T) {
	clean, _ := pageOf(t, sample(1))
	r := New(Tool{hostile, hostile}, Host{OS: hostile})
	r.Shard = hostile
	r.AddKernel(Kernel{Name: hostile, Release: hostile, Version: hostile, Source: hostile, Digest: hostile, Accel: hostile})
	n := int64(3)
	r.Add(Cell{Target: hostile, Case: hostile, Kernel: hostile, Verdict: vmtest.Fail, Reason: hostile, Shape: hostile, Bundle: hostile,
		Stdout: hostile, Stderr: hostile, Console: hostile, Excused: []string{hostile}, Subject: &Subject{hostile, hostile},
		Load: Rejected, Figures: &Figures{Processed: &n}})
	r.Add(Cell{Target: hostile, Case: hostile + "2", Kernel: hostile, Verdict: vmtest.Verdict(hostile), Load: Accepted, Figures: &Figures{Processed: &n}})
	page, elements := pageOf(t, r)
	if got, want := strings.Count(page, "<script"), strings.Count(clean, "<script"); got != want {
		t.Errorf("there are %d scripts, want %d", got, want)
	}
	seen := 0
	for _, e := range elements {
		if attribute(e, "class") == "reason" && strings.Contains(textOf(e), "<script>alert(1)</script> ]]> & \"q\" 'q' | `") {
			seen++
		}
	}
	if seen != 1 {
		t.Errorf("%d reasons are shown as they are, want 1", seen)
	}
	if i := strings.IndexAny(page, "\x00\x1b\x7f"); i >= 0 {
		t.Errorf("a control character is in the page, after %q", page[max(0, i-40):i])
	}
}

func TestHTMLIDs(t *testing.T) {
	r := New(Tool{}, Host{})
	for _, name := range []string{"a b", "a/b", "a-b", "ä"} {
		r.Add(Cell{Case: name, Kernel: "6.1", Verdict: vmtest.Pass})
	}
	seen := map[string]bool{}
	for k, id := range cellIDs(r.view()) {
		if seen[id] || !regexp.MustCompile(`^[a-zA-Z0-9._~-]+$`).MatchString(id) {
			t.Errorf("%v has id %q, which is not its own or not plain", k, id)
		}
		seen[id] = true
	}
}

func TestHTMLStaysSmall(t *testing.T) {
	r := New(Tool{}, Host{})
	log := strings.Repeat("0123456789abcdef\n", 16<<10) // 272 KiB
	for i := range 600 {
		r.Add(Cell{Case: fmt.Sprint(i), Kernel: "6.1", Verdict: vmtest.Hang, KernelLog: log + "the cause\n"})
	}
	page, _ := pageOf(t, r)
	if got, most := len(page), 8<<20; got > most {
		t.Errorf("the page has %d bytes, want at most %d", got, most)
	}
	if got := strings.Count(page, "the cause\n</pre>") + strings.Count(page, "the cause</pre>"); got != 600 {
		t.Errorf("%d of 600 logs end in their last line", got)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := sample(40)
	for b.Loop() {
		if err := r.WriteHTML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
