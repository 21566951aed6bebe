package report

import (
	"io"
	"slices"

	"github.com/assay-lab/assay/vmtest"
)

// A Comparison is what changed from an old report to a new one. Its lists are in
// the order of targets, cases and kernels; each change is in one of them only, and
// Grown and Shrunk besides.
type Comparison struct {
	// NewlyRejected and NewlyAccepted are programs of which the verifier now
	// says the opposite.
	NewlyRejected, NewlyAccepted []Change
	// NewlyFailing did as expected and do no more; NewlyPassing the reverse.
	NewlyFailing, NewlyPassing []Change
	// NoLonger were run, and are not any more; NowRun the reverse.
	NoLonger, NowRun []Change
	// Changed have another verdict with the same meaning for the run: fail
	// and panic, pass and unsupported.
	Changed []Change
	// Grown and Shrunk are programs whose instructions processed by the
	// verifier went up, or down, by more than Percent.
	Grown, Shrunk []Change
	// Gone and Added are cells that only the old or the new report has.
	Gone, Added []Cell
	// Kernels are those with another release than before.
	Kernels []KernelChange
	// Percent is the limit of Grown and Shrunk.
	Percent float64
}

// A Change is a cell in two reports.
type Change struct{ Old, New Cell }

// Processed returns the instructions processed in both, and by how many percent they
// went up; ok is false if they are not known.
func (c *Change) Processed() (before, after int64, percent float64, ok bool) {
	if c.Old.Figures == nil || c.New.Figures == nil || c.Old.Figures.Processed == nil || c.New.Figures.Processed == nil {
		return 0, 0, 0, false
	}
	before, after = *c.Old.Figures.Processed, *c.New.Figures.Processed
	if before <= 0 {
		return before, after, 0, false
	}
	return before, after, 100 * float64(after-before) / float64(before), true
}

// A KernelChange is a kernel whose release is another than before.
type KernelChange struct{ Name, Old, New string }

// Compare compares a report with an older one. Programs whose instructions processed
// went up or down by more than percent are told.
func Compare(older, newer *Report, percent float64) *Comparison {
	o, n := older.view(), newer.view()
	c := &Comparison{Percent: percent}
	before := map[Key]Cell{}
	for _, cell := range o.cells {
		before[cell.Key()] = cell
	}
	for _, cell := range n.cells {
		was, ok := before[cell.Key()]
		if !ok {
			c.Added = append(c.Added, cell)
			continue
		}
		delete(before, cell.Key())
		c.change(Change{was, cell})
	}
	for _, cell := range o.cells {
		if _, gone := before[cell.Key()]; gone {
			c.Gone = append(c.Gone, cell)
		}
	}
	c.compareKernels(o.kernels, n.kernels)
	return c
}

// change puts a change where it belongs.
func (c *Comparison) change(ch Change) {
	c.weigh(ch)
	before, after := ch.Old.Verdict, ch.New.Verdict
	add := func(list *[]Change) { *list = append(*list, ch) }
	switch {
	case ch.Old.Load == Accepted && ch.New.Load == Rejected:
		add(&c.NewlyRejected)
	case ch.Old.Load == Rejected && ch.New.Load == Accepted:
		add(&c.NewlyAccepted)
	case before == after:
	case after == vmtest.NotRun:
		add(&c.NoLonger)
	case before == vmtest.NotRun:
		if bad(after) {
			add(&c.NewlyFailing)
		} else {
			add(&c.NowRun)
		}
	case !bad(before) && bad(after):
		add(&c.NewlyFailing)
	case bad(before) && !bad(after):
		add(&c.NewlyPassing)
	default:
		add(&c.Changed)
	}
}

func bad(v vmtest.Verdict) bool { return v.Class() != vmtest.AsExpected }

func (c *Comparison) weigh(ch Change) {
	_, _, percent, ok := ch.Processed()
	switch {
	case !ok:
	case percent > c.Percent:
		c.Grown = append(c.Grown, ch)
	case percent < -c.Percent:
		c.Shrunk = append(c.Shrunk, ch)
	}
}

func (c *Comparison) compareKernels(before, after []Kernel) {
	for _, k := range after {
		i := slices.IndexFunc(before, func(b Kernel) bool { return b.Name == k.Name })
		if i >= 0 && before[i].Release != "" && k.Release != "" && before[i].Release != k.Release {
			c.Kernels = append(c.Kernels, KernelChange{k.Name, before[i].Release, k.Release})
		}
	}
}

// Regressed tells whether anything became worse: newly failing, newly rejected, grown
// beyond the limit, or no longer run.
func (c *Comparison) Regressed() bool {
	return len(c.NewlyFailing)+len(c.NewlyRejected)+len(c.Grown)+len(c.NoLonger) > 0
}

// WriteText writes what changed for a terminal, what became worse first, and in the
// last line the sum of it.
func (c *Comparison) WriteText(w io.Writer, o TableOptions) error {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	p := &pen{colour: o.Colour, width: o.Width}
	for _, s := range c.sections() {
		s.write(p)
	}
	colour := "1;32"
	if c.Regressed() {
		colour = "1;31"
	}
	p.line(p.paint(colour, c.Summary()))
	_, err := io.WriteString(w, p.b.String())
	return err
}
