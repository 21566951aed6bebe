package report

import "strings"

// findings writes what is below the matrix: everything that is not a pass.
func (p *pen) findings(v *view) {
	f := v.find()
	p.section("Fell", f.fell, p.fallen)
	p.section("Not run for the lab's own trouble", f.lab, p.fallen)
	shared := func(f *finding) { p.entry("", 0, f.reason+": "+f.on()) }
	p.section("Unsupported, and refused as documented", f.unsupported, shared)
	p.section("Not run", f.notRun, shared)
	if len(f.absent) > 0 {
		p.line(p.paint(bold, "Kernels not run"))
		for _, k := range f.absent {
			p.entry("", 0, absence(k))
		}
		p.line("")
	}
	p.section("Allowed by the catalogue in kernel logs", f.excused, shared)
	p.support(v)
}

// fallen writes what came of one case on some kernels, and how to have it again.
func (p *pen) fallen(f *finding) {
	mark := 1 + max(5, width(word(f.verdict)))
	p.entry(p.paint(f.verdict.Colour(), pad(word(f.verdict), 5))+" ", mark,
		f.title+" on "+oneLine(strings.Join(f.kernels, ", "))+": "+f.reason)
	for _, c := range f.cells {
		if c.Bundle != "" {
			p.entry(strings.Repeat(" ", mark), mark, "again: "+oneLine(c.Bundle))
		}
	}
}

// absence says why a kernel was not run.
func absence(k Kernel) string {
	name := oneLine(k.Name)
	reason := strings.TrimPrefix(oneLine(k.Reason), "kernel "+name+" is not available: ")
	if k.Required {
		name += " (required)"
	}
	if reason == "" {
		return name
	}
	return name + ": " + reason
}

// support writes a line per program.
func (p *pen) support(v *view) {
	all := v.support()
	if len(all) == 0 {
		return
	}
	p.line(p.paint(bold, "Kernels that accept each program"))
	for _, s := range all {
		p.entry("", 0, v.title(s.Target, s.Case)+": "+s.String())
	}
	p.line("")
}

func (p *pen) section(heading string, all []*finding, entry func(*finding)) {
	if len(all) == 0 {
		return
	}
	p.line(p.paint(bold, heading))
	for _, f := range all {
		entry(f)
	}
	p.line("")
}

// entry writes a text, indented and wrapped, after a mark that takes so many columns.
func (p *pen) entry(mark string, markWidth int, text string) {
	const indent = "  "
	room := max(20, p.width-len(indent)-markWidth)
	for i, s := range wrap(text, room) {
		if i == 0 {
			p.line(indent + mark + s)
		} else {
			p.line(indent + strings.Repeat(" ", markWidth) + s)
		}
	}
}

// wrap breaks a text at spaces into lines of at most n columns, where its words
// allow.
func wrap(text string, n int) (lines []string) {
	line := ""
	for _, w := range strings.Fields(text) {
		if line != "" && width(line)+1+width(w) > n {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}
