package report

import (
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/assay-lab/assay/vmtest"
)

// TableOptions say how a table looks.
type TableOptions struct {
	// Width is how many columns the terminal has; 0 is 80.
	Width int
	// Colour colours verdicts with ANSI sequences.
	Colour bool
}

const (
	defaultWidth = 80
	// minNames is what a column of names shrinks to before the kernels are
	// spread over several tables.
	minNames = 26
	// maxKernel is how much of a kernel's name heads a column.
	maxKernel = 12
)

// WriteTable writes the matrix for a terminal; below it, in words, everything that
// is not a pass, and in the last line the sum of it.
func (r *Report) WriteTable(w io.Writer, o TableOptions) error {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	v := r.view()
	p := &pen{colour: o.Colour, width: o.Width}
	for _, t := range v.targets {
		p.target(v, t)
	}
	p.findings(v)
	p.line(p.paint(lineColour(v.class()), v.summary()))
	_, err := io.WriteString(w, p.b.String())
	return err
}

func lineColour(c vmtest.Class) string {
	switch c {
	case vmtest.AsExpected:
		return "1;32"
	case vmtest.Fell:
		return "1;31"
	}
	return "1;34"
}

// A pen writes lines of a width.
type pen struct {
	b      strings.Builder
	colour bool
	width  int
}

func (p *pen) line(s string) {
	p.b.WriteString(strings.TrimRight(s, " "))
	p.b.WriteByte('\n')
}

// paint colours a text with ANSI attributes.
func (p *pen) paint(attributes, s string) string {
	if !p.colour || attributes == "" || s == "" {
		return s
	}
	return "\x1b[" + attributes + "m" + s + "\x1b[0m"
}

const bold = "1"

// target writes the matrix of a target, in as many tables as the width asks for.
func (p *pen) target(v *view, t target) {
	columns := columnsOf(v, t)
	names := 0
	for _, r := range t.rows {
		names = max(names, width(oneLine(r.name)))
	}
	names, blocks := spread(names, columns, p.width)
	for i, block := range blocks {
		heading := ""
		if i == 0 {
			heading = oneLine(t.name)
		}
		p.head(heading, names, block)
		for _, r := range t.rows {
			p.row(r, names, block)
		}
		p.line("")
	}
}

// A column is a kernel in a table.
type column struct {
	label string
	width int
	index int // of the kernel
}

// columnsOf returns the columns of a target: the kernels that it has cells for.
func columnsOf(v *view, t target) (columns []column) {
	for i, k := range v.kernels {
		c := column{label: kernelLabel(k.Name), index: i}
		c.width = width(c.label)
		used := false
		for _, r := range t.rows {
			if r.cells[i] != nil {
				used = true
				c.width = max(c.width, width(word(r.cells[i].Verdict)))
			}
		}
		if used {
			columns = append(columns, c)
		}
	}
	return columns
}

func kernelLabel(name string) string {
	if strings.Contains(name, "/") {
		name = path.Base(name)
	}
	return shorten(oneLine(name), maxKernel)
}

// word is a verdict in five letters.
func word(v vmtest.Verdict) string {
	switch v {
	case vmtest.Unsupported:
		return "unsup"
	case vmtest.NotRun:
		return "-"
	}
	return shorten(oneLine(string(v)), 5)
}

const gap = 2

// spread shares the width: it returns how wide the names are, and which columns
// go into each table.
func spread(names int, columns []column, width int) (int, [][]column) {
	all := 0
	for _, c := range columns {
		all += gap + c.width
	}
	if room := width - all; room >= min(names, minNames) {
		return min(names, room), [][]column{columns}
	}
	names = max(1, min(names, minNames, width/2))
	tables := 1
	for ; tables < len(columns); tables++ {
		if fits(split(columns, tables), width-names) {
			break
		}
	}
	return names, split(columns, tables)
}

// split shares columns evenly among tables.
func split(columns []column, tables int) (blocks [][]column) {
	for i := range tables {
		from, to := i*len(columns)/tables, (i+1)*len(columns)/tables
		blocks = append(blocks, columns[from:to])
	}
	return blocks
}

func fits(blocks [][]column, room int) bool {
	for _, b := range blocks {
		n := 0
		for _, c := range b {
			n += gap + c.width
		}
		if n > room {
			return false
		}
	}
	return true
}

func (p *pen) head(heading string, names int, columns []column) {
	s := p.paint(bold, pad(shorten(heading, names), names))
	for _, c := range columns {
		s += strings.Repeat(" ", gap) + p.paint(bold, pad(c.label, c.width))
	}
	p.line(s)
}

func (p *pen) row(r row, names int, columns []column) {
	s := pad(shorten(oneLine(r.name), names), names)
	for _, c := range columns {
		cell := r.cells[c.index]
		if cell == nil {
			s += strings.Repeat(" ", gap+c.width)
			continue
		}
		w := word(cell.Verdict)
		s += strings.Repeat(" ", gap) + p.paint(cell.Verdict.Colour(), w) + strings.Repeat(" ", c.width-width(w))
	}
	p.line(s)
}

// width is how many columns a text takes.
func width(s string) int { return utf8.RuneCountInString(s) }

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-width(s))) }

// shorten leaves out the middle of what is longer than n: the ends tell names apart.
func shorten(s string, n int) string {
	r := []rune(s)
	switch {
	case len(r) <= n:
		return s
	case n <= 1:
		return string(r[:max(n, 0)])
	}
	tail := (n - 1) / 2
	return string(r[:n-1-tail]) + "…" + string(r[len(r)-tail:])
}
