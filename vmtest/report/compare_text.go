package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/assay-lab/assay/vmtest"
)

// A section of a comparison in words: "3 newly failing", and each of them.
type section struct {
	what    string // of the summary, lower case
	entries []entry
}

// An entry is a line of a section.
type entry struct {
	verdict vmtest.Verdict // to mark it with; empty for none
	text    string
}

func (s *section) write(p *pen) {
	if len(s.entries) == 0 {
		return
	}
	p.line(p.paint(bold, strings.ToUpper(s.what[:1])+s.what[1:]))
	for _, e := range s.entries {
		mark, columns := "", 0
		if e.verdict != "" {
			columns = 1 + max(5, width(word(e.verdict)))
			mark = p.paint(e.verdict.Colour(), pad(word(e.verdict), 5)) + " "
		}
		p.entry(mark, columns, e.text)
	}
	p.line("")
}

// sections lists what changed, what became worse first.
func (c *Comparison) sections() []section {
	return []section{
		{"newly rejected", changes(c.NewlyRejected, reason)},
		{"newly failing", changes(c.NewlyFailing, reason)},
		{fmt.Sprintf("grown by more than %g %%", c.Percent), changes(c.Grown, processed)},
		{"no longer run", changes(c.NoLonger, reason)},
		{"with another verdict", changes(c.Changed, reason)},
		{"gone", cells(c.Gone)},
		{"newly accepted", changes(c.NewlyAccepted, was)},
		{"newly passing", changes(c.NewlyPassing, was)},
		{fmt.Sprintf("shrunk by more than %g %%", c.Percent), changes(c.Shrunk, processed)},
		{"now run", changes(c.NowRun, was)},
		{"new", cells(c.Added)},
		{"with another kernel release", releases(c.Kernels)},
	}
}

func changes(list []Change, say func(*Change) string) (all []entry) {
	for i := range list {
		ch := &list[i]
		all = append(all, entry{ch.New.Verdict, oneLine(ch.New.Key().String()) + say(ch)})
	}
	return all
}

// reason says why it is as it is now.
func reason(ch *Change) string {
	s := ", was " + string(ch.Old.Verdict)
	if ch.New.Reason != "" {
		s += ": " + oneLine(ch.New.Reason)
	}
	return s
}

// was says what it was.
func was(ch *Change) string {
	s := ", was " + string(ch.Old.Verdict)
	if ch.Old.Reason != "" {
		s += ": " + oneLine(ch.Old.Reason)
	}
	return s
}

func processed(ch *Change) string {
	before, after, percent, _ := ch.Processed()
	return fmt.Sprintf(": instructions processed %s → %s (%+.1f %%)", thousands(before), thousands(after), percent)
}

func cells(list []Cell) (all []entry) {
	for i := range list {
		all = append(all, entry{list[i].Verdict, oneLine(list[i].Key().String())})
	}
	return all
}

func releases(list []KernelChange) (all []entry) {
	for _, k := range list {
		all = append(all, entry{"", oneLine(k.Name + ": " + k.Old + " → " + k.New)})
	}
	return all
}

// Summary says in one line how much changed.
func (c *Comparison) Summary() string {
	var s []string
	for _, sec := range c.sections() {
		if n := len(sec.entries); n > 0 {
			s = append(s, fmt.Sprintf("%d %s", n, sec.what))
		}
	}
	if len(s) == 0 {
		return "nothing changed since the baseline"
	}
	return "since the baseline: " + strings.Join(s, ", ")
}

// thousands prints a number with thin groups of three digits: 1 000 001.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

// WriteMarkdown writes what changed as GitHub-flavoured Markdown, to go below the
// report's own.
func (c *Comparison) WriteMarkdown(w io.Writer) error {
	m := &markdown{}
	m.printf("## %s\n\n", md(c.Summary()))
	for _, s := range c.sections() {
		if len(s.entries) == 0 {
			continue
		}
		m.printf("### %s\n\n", md(strings.ToUpper(s.what[:1])+s.what[1:]))
		for _, e := range s.entries {
			mark := ""
			if e.verdict != "" {
				mark = "**" + md(string(e.verdict)) + "** "
			}
			m.printf("- %s%s\n", mark, md(e.text))
		}
		m.printf("\n")
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}
