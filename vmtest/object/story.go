package object

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cilium/ebpf/btf"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
)

// WriteStory writes all that is known of a cell of this package: what the program
// is, what it refers to, what became of each relocation, what the verifier counted
// and said, and in the first line what came of it.
func WriteStory(w io.Writer, c vmtest.Cell) error {
	s := &story{}
	d, ok := c.Detail.(*Detail)
	if !ok {
		c.Explain(&s.b)
		_, err := io.WriteString(w, s.b.String())
		return err
	}
	fmt.Fprintf(&s.b, "%s: %s on %s (%s): %s\n", c.Target, c.Case, c.Kernel, c.Release, d.Load())
	if d.cause.Text != "" {
		fmt.Fprintf(&s.b, "  %s\n", d.cause.Text)
	}
	if d.cause.At != "" {
		fmt.Fprintf(&s.b, "  at %s\n", d.cause.At)
	}
	s.program(d)
	s.figures(d)
	s.maps(d.result.Maps)
	s.externs(d)
	s.relocations(d.result.Relocations)
	s.list("notes", d.result.Notes)
	s.faults(d.result.Faults)
	s.log(d.result.Log)
	if c.Verdict != vmtest.Pass && c.Verdict != vmtest.Fail && c.Verdict != vmtest.NotRun {
		s.b.WriteByte('\n')
		c.Explain(&s.b)
	}
	_, err := io.WriteString(w, s.b.String())
	return err
}

// A story is written in sections.
type story struct{ b strings.Builder }

func (s *story) section(title string) { fmt.Fprintf(&s.b, "\n%s\n", title) }

// table writes rows in columns.
func (s *story) table(rows [][]string) {
	t := tabwriter.NewWriter(&s.b, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, "  "+strings.Join(r, "\t"))
	}
	_ = t.Flush() // to memory
}

func (s *story) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	s.section(title)
	for _, line := range lines {
		fmt.Fprintf(&s.b, "  %s\n", line)
	}
}

func (s *story) program(d *Detail) {
	p := d.object.Spec.Programs[d.result.Program]
	if p == nil {
		return
	}
	s.section("program")
	rows := [][]string{{"section", p.SectionName}, {"type", known.ProgramType(p.Type)}}
	if p.AttachType != 0 {
		rows = append(rows, []string{"attach type", known.AttachType(p.AttachType)})
	}
	if p.AttachTo != "" {
		rows = append(rows, []string{"attaches to", p.AttachTo})
	}
	for bit := uint32(1); bit != 0 && bit <= p.Flags; bit <<= 1 {
		if p.Flags&bit != 0 {
			rows = append(rows, []string{"flag", known.ProgramFlag(bit)})
		}
	}
	rows = append(rows, []string{"licence", p.License}, []string{"instructions", fmt.Sprint(d.result.Instructions)})
	_, functions := callGraph(p.Instructions)
	if len(functions) > 1 {
		rows = append(rows, []string{"functions", strings.Join(functions, ", ")})
	}
	s.table(append(rows, []string{"object", "sha256 " + d.object.sha256}))
}

func (s *story) figures(d *Detail) {
	f := d.result.Figures
	var rows [][]string
	add := func(name string, n *int64, unit string) {
		if n != nil {
			rows = append(rows, []string{name, fmt.Sprint(*n) + unit})
		}
	}
	add("instructions after the kernel's rewriting", f.Translated, "")
	add("instructions processed", f.Processed, "")
	add("of at most", f.Limit, "")
	add("peak states", f.PeakStates, "")
	add("total states", f.TotalStates, "")
	if depth, ok := d.stackDepth(); ok {
		rows = append(rows, []string{"stack, deepest call", fmt.Sprintf("%d bytes; each function %s", depth, joinInts(f.Stack))})
	}
	add("verification", f.VerificationUS, " µs")
	add("machine code", f.Jited, " bytes")
	if len(rows) > 0 {
		s.section("verifier")
		s.table(rows)
	}
}

func joinInts(n []int64) string {
	var parts []string
	for _, x := range n {
		parts = append(parts, fmt.Sprint(x))
	}
	return strings.Join(parts, "+")
}

func (s *story) maps(maps []load.Map) {
	if len(maps) == 0 {
		return
	}
	s.section("maps")
	rows := [][]string{{"NAME", "TYPE", "KEY", "VALUE", "ENTRIES", "FLAGS", ""}}
	for _, m := range maps {
		rows = append(rows, []string{
			m.Name, m.Type, fmt.Sprint(m.KeySize), fmt.Sprint(m.ValueSize), fmt.Sprint(m.MaxEntries), fmt.Sprintf("%#x", m.Flags), oneLine(m.Error),
		})
	}
	s.table(rows)
}

// externs are what the program expects of the kernel, by name.
func (s *story) externs(d *Detail) {
	p := d.object.Spec.Programs[d.result.Program]
	if p == nil {
		return
	}
	var lines []string
	for i := range p.Instructions {
		name := p.Instructions[i].Reference()
		for _, section := range []*btf.Datasec{d.object.Kconfig, d.object.Ksyms} {
			line := name
			if d.object.Weak[name] {
				line += " (may be absent)"
			}
			if section != nil && slices.ContainsFunc(section.Vars, func(v btf.VarSecinfo) bool { return v.Type.TypeName() == name }) && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	s.list("of the kernel", lines)
}

func (s *story) relocations(relos []load.Relo) {
	if len(relos) == 0 {
		return
	}
	failed := 0
	rows := [][]string{{"INSTRUCTION", "KIND", "", "RESULT"}}
	for _, r := range relos {
		result := r.Result
		if r.Failed() {
			failed++
			result = "nothing: no " + r.Missing
		}
		rows = append(rows, []string{fmt.Sprint(r.Instruction), r.Kind, r.Name, result})
	}
	s.section(fmt.Sprintf("relocations (CO-RE): %d, of which %d found nothing", len(relos), failed))
	s.table(rows)
}

func (s *story) faults(faults []load.Fault) {
	var lines []string
	for _, f := range faults {
		line := string(f.Stage)
		if f.Errno != "" {
			line += ": " + f.Errno
		}
		lines = append(lines, line+": "+oneLine(f.Message))
	}
	s.list("what went wrong", lines)
}

func (s *story) log(log string) {
	if log = strings.TrimRight(log, "\n"); log != "" {
		s.list("verifier's log", strings.Split(log, "\n"))
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
