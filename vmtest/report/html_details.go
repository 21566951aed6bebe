package report

import (
	"fmt"
	"strings"

	"github.com/assay-lab/assay/vmtest"
)

// Long tells that the value wants a line of its own.
func (f pageFact) Long() bool { return len(f.Value) > 32 }

type (
	pageDetail struct {
		pageVerdict
		ID, Name, Kernel, Reason string
		Bad                      bool
		Facts                    []pageFact
		Excused                  []string
		Texts                    []pageText
	}
	pageFact struct{ Label, Value string }
	pageText struct{ Name, Size, Text string }
)

// Limits of the texts in a page: of each, and of each if all together were more than
// browsers like.
const (
	pageText1   = 64 << 10
	pageTextAll = 24 << 20
	pageText2   = 4 << 10
)

// details makes what is shown of each cell.
func (p *page) details(v *view, ids map[Key]string) {
	limit, all := pageText1, 0
	for i := range v.cells {
		for _, t := range v.cells[i].texts() {
			all += min(len(t.text), limit)
		}
	}
	if all > pageTextAll {
		limit = pageText2
	}
	for i := range v.cells {
		c := &v.cells[i]
		d := pageDetail{
			pageVerdict: look(c.Verdict), ID: ids[c.Key()], Name: v.title(c.Target, c.Case), Kernel: c.Kernel,
			Reason: stripControls(c.Reason), Bad: c.Verdict.Class() != vmtest.AsExpected, Facts: factsOf(c),
		}
		for _, e := range c.Excused {
			d.Excused = append(d.Excused, oneLine(e))
		}
		for _, t := range c.texts() {
			d.Texts = append(d.Texts, pageTextOf(t, limit))
		}
		p.Details = append(p.Details, d)
	}
}

// pageTextOf returns the end of a text, where the cause is, as lines.
func pageTextOf(t text, limit int) pageText {
	body, size := t.text, plural(strings.Count(strings.TrimRight(t.text, "\n"), "\n")+1, "line")
	if over := len(body) - limit; over > 0 {
		body = body[over:]
		_, body, _ = strings.Cut(body, "\n")
		size += fmt.Sprintf(", the last %d KiB; the JSON report has all", limit>>10)
	}
	return pageText{t.name, size, strings.TrimRight(stripControls(body), "\n")}
}

// factsOf lists what is known of a cell besides its verdict.
func factsOf(c *Cell) (facts []pageFact) {
	add := func(label, value string) {
		if value != "" {
			facts = append(facts, pageFact{label, value})
		}
	}
	add("verdict", string(c.Verdict)+": "+c.Verdict.Means())
	add("kernel release", c.Release)
	if c.Seconds > 0 {
		add("time", duration(c.Seconds))
	}
	if c.CPUSeconds > 0 {
		add("time of the host’s CPU", duration(c.CPUSeconds))
	}
	add("machine", c.Shape)
	add("load", string(c.Load))
	if c.Figures != nil {
		for _, f := range figureNames {
			if n := f.of(c.Figures); n != nil {
				add(f.name, strings.TrimSpace(thousands(*n)+" "+f.unit))
			}
		}
	}
	if c.Subject != nil {
		add("object", c.Subject.Name)
		add("SHA-256 of the object", c.Subject.SHA256)
	}
	add("bundle, to have it again", c.Bundle)
	return facts
}
