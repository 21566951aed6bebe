package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/assay-lab/assay/vmtest"
)

// Limits of Markdown: GitHub takes 1 MiB of a job summary, and none of a longer one.
const (
	markdownLimit = 900 << 10
	markdownText  = 8 << 10 // of each output or log
)

// WriteMarkdown writes the report as GitHub-flavoured Markdown, for a job summary:
// what fell with its logs folded away, then the matrix. Logs are left out as far as
// needed to stay below 1 MiB.
func (r *Report) WriteMarkdown(w io.Writer) error {
	v := r.view()
	m := &markdown{limit: markdownLimit}
	m.printf("## %s\n\n", md(v.summary()))
	f := v.find()
	matrix := &markdown{}
	for _, t := range v.targets {
		matrix.target(v, t)
	}
	m.limit -= matrix.b.Len()
	m.fallen("What fell", f.fell)
	m.fallen("Not run for the lab's own trouble", f.lab)
	m.b.WriteString(matrix.b.String())
	m.list("Unsupported, and refused as documented", f.unsupported)
	m.list("Not run", f.notRun)
	m.absent(f.absent)
	m.list("Allowed by the catalogue in kernel logs", f.excused)
	m.support(v)
	m.host(v)
	_, err := io.WriteString(w, m.b.String())
	return err
}

// markdown is a document on its way.
type markdown struct {
	b     strings.Builder
	limit int
	cut   int // logs left out for the limit
}

func (m *markdown) printf(format string, args ...any) { fmt.Fprintf(&m.b, format, args...) }

// fallen writes each finding, with the logs of its first cell folded away.
func (m *markdown) fallen(heading string, all []*finding) {
	if len(all) == 0 {
		return
	}
	m.printf("### %s\n\n", heading)
	m.cut = 0
	for _, f := range all {
		m.printf("<details><summary><b>%s</b> %s on %s: %s</summary>\n\n",
			md(string(f.verdict)), md(f.title), md(strings.Join(f.kernels, ", ")), md(f.reason))
		m.logs(f.cells[0])
		for _, c := range f.cells {
			if c.Bundle != "" {
				m.printf("Again: `%s`\n\n", strings.ReplaceAll(oneLine(c.Bundle), "`", "'"))
			}
		}
		m.printf("</details>\n\n")
	}
	if m.cut > 0 {
		m.printf("%s left out here for their length; the JSON and HTML reports have all.\n\n", plural(m.cut, "log"))
	}
}

func (m *markdown) logs(c *Cell) {
	for _, t := range c.texts() {
		body := t.text
		if over := len(body) - markdownText; over > 0 {
			body = "[…]\n" + strings.ToValidUTF8(body[over:], "")
		}
		body = strings.TrimRight(stripControls(body), "\n")
		if m.b.Len()+len(body) > m.limit {
			m.cut++
			continue
		}
		fence := strings.Repeat("`", max(3, longestRun(body, '`')+1))
		m.printf("%s on %s:\n\n%stext\n%s\n%[3]s\n\n", t.name, md(c.Kernel), fence, body)
	}
}

// target writes a matrix.
func (m *markdown) target(v *view, t target) {
	columns := columnsOf(v, t)
	m.printf("| %s |", md(t.name))
	for _, c := range columns {
		m.printf(" %s |", md(c.label))
	}
	m.printf("\n|:--|%s\n", strings.Repeat(":--|", len(columns)))
	for _, r := range t.rows {
		m.printf("| %s |", md(r.name))
		for _, c := range columns {
			m.printf(" %s |", mdVerdict(r.cells[c.index]))
		}
		m.printf("\n")
	}
	m.printf("\n")
}

// mdVerdict marks what fell, so that the eye finds it among the passes.
func mdVerdict(c *Cell) string {
	switch {
	case c == nil:
		return ""
	case c.Verdict.Class() == vmtest.Fell:
		return "❌ **" + md(word(c.Verdict)) + "**"
	case c.Verdict.Class() == vmtest.NoLab:
		return "⚠️ **" + md(word(c.Verdict)) + "**"
	}
	return md(word(c.Verdict))
}

func (m *markdown) list(heading string, all []*finding) {
	if len(all) == 0 {
		return
	}
	m.printf("### %s\n\n", heading)
	for _, f := range all {
		m.printf("- %s: %s\n", md(f.reason), md(f.on()))
	}
	m.printf("\n")
}

func (m *markdown) absent(all []Kernel) {
	if len(all) == 0 {
		return
	}
	m.printf("### Kernels not run\n\n")
	for _, k := range all {
		m.printf("- %s\n", md(absence(k)))
	}
	m.printf("\n")
}

func (m *markdown) support(v *view) {
	all := v.support()
	if len(all) == 0 {
		return
	}
	m.printf("<details><summary>Kernels that accept each program</summary>\n\n")
	for _, s := range all {
		m.printf("- %s: %s\n", md(v.title(s.Target, s.Case)), md(s.String()))
	}
	m.printf("\n</details>\n\n")
}

func (m *markdown) host(v *view) {
	s := strings.TrimSpace(v.head.Tool.Name + " " + v.head.Tool.Version)
	if h := v.head.Host.String(); h != "" {
		s += " on " + h
	}
	if s != "" {
		m.printf("%s\n", md(s))
	}
}

// mdEscapes are what Markdown or HTML would take for its own.
var mdEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "*", "&#42;", "\\", "&#92;",
	"[", "&#91;", "]", "&#93;", "~", "&#126;", "#", "&#35;", "!", "&#33;")

// md makes a line of Markdown of a text. An underscore is left as it is inside a word,
// where it means nothing.
func md(s string) string {
	r := []rune(oneLine(s))
	var b strings.Builder
	for i, c := range r {
		inside := i > 0 && i+1 < len(r) && wordRune(r[i-1]) && wordRune(r[i+1])
		if c == '_' && !inside {
			b.WriteString("&#95;")
		} else {
			b.WriteString(mdEscapes.Replace(string(c)))
		}
	}
	return b.String()
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func longestRun(s string, of rune) (longest int) {
	run := 0
	for _, r := range s {
		if run++; r != of {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
