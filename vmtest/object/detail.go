package object

import (
	"fmt"
	"strings"
	"time"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object/internal/cause"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
	"github.com/assay-lab/assay/vmtest/report"
)

// A Detail is what is known of a program on a kernel beyond its verdict. Outcomes
// of this package's cases have one.
type Detail struct {
	object *object
	result *load.Result
	cause  cause.Cause
}

// outcome is what came of a program, whose share of what its machine cost is given.
func (c *tryout) outcome(o *vmtest.Outcome, r *load.Result, share float64, release string) *vmtest.Outcome {
	d := &Detail{object: c.object, result: r, cause: cause.Of(c.object.Object, r, release)}
	p := &vmtest.Outcome{
		Reason: d.cause.String(), Detail: d, Excused: o.Excused,
		Duration: time.Duration(share * float64(o.Duration)), CPU: time.Duration(share * float64(o.CPU)),
	}
	switch d.cause.Class {
	case cause.Accepted:
		p.Verdict = vmtest.Pass
	case cause.Rejected:
		p.Verdict, p.Stdout = vmtest.Fail, excerpt(r.Log)
	case cause.NotAttempted:
		p.Verdict = vmtest.NotRun
	default:
		p.Verdict, p.Stdout = vmtest.Infra, r.Log
	}
	return p
}

// Load is what the kernel's verifier said of the program.
func (d *Detail) Load() report.Load {
	switch d.cause.Class {
	case cause.Accepted:
		return report.Accepted
	case cause.Rejected:
		return report.Rejected
	}
	return report.NotAttempted
}

// Log is the verifier's, as much as there is.
func (d *Detail) Log() string { return d.result.Log }

// Report puts the detail into a cell.
func (d *Detail) Report(c *report.Cell) {
	c.Subject = &report.Subject{Name: d.object.name, SHA256: d.object.sha256}
	c.Load = d.Load()
	if d.cause.Class == cause.Accepted || d.cause.Class == cause.Rejected {
		c.Figures = d.figures()
	}
}

// figures are those of the report; nil if there are none.
func (d *Detail) figures() *report.Figures {
	f := d.result.Figures
	r := &report.Figures{
		Instructions: f.Translated, Processed: f.Processed, PeakStates: f.PeakStates, TotalStates: f.TotalStates,
		VerificationUS: f.VerificationUS, JitedBytes: f.Jited,
	}
	if depth, ok := d.stackDepth(); ok {
		r.StackDepth = &depth
	}
	if *r == (report.Figures{}) {
		return nil
	}
	return r
}

// stackDepth is how much the functions of the deepest call take together. The
// verifier tells how much each function does, in the order of the functions.
func (d *Detail) stackDepth() (bytes int64, ok bool) {
	depths := d.result.Figures.Stack
	program := d.object.Spec.Programs[d.result.Program]
	if len(depths) == 0 || program == nil {
		return 0, false
	}
	calls, names := callGraph(program.Instructions)
	if len(names) != len(depths) {
		sum := int64(0) // not the functions that were thought; at most all together
		for _, n := range depths {
			sum += n
		}
		return sum, true
	}
	return deepest(0, calls, depths, map[int]bool{}), true
}

func deepest(at int, calls map[int][]int, depths []int64, on map[int]bool) int64 {
	if on[at] {
		return 0 // the verifier allows no recursion
	}
	on[at] = true
	below := int64(0)
	for _, callee := range calls[at] {
		below = max(below, deepest(callee, calls, depths, on))
	}
	on[at] = false
	return depths[at] + below
}

// excerpt is the part of a verifier's log that a person looks at first: its end,
// without the figures.
func excerpt(log string) string {
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	const most = 30
	if over := len(lines) - most; over > 0 {
		lines = append([]string{fmt.Sprintf("[%d lines of the verifier's log before this]", over)}, lines[over:]...)
	}
	return strings.Join(lines, "\n")
}
