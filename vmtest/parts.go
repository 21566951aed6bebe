package vmtest

import (
	"context"
	"time"

	"github.com/assay-lab/assay/kernels"
)

// PartNames are the names of the case's cells: of its parts, or its own if it has
// none.
func (c *Case) PartNames() []string {
	if len(c.Parts) == 0 {
		return []string{c.Name}
	}
	return c.Parts
}

// RunParts runs one case on one kernel, when there is room for its machine, and
// returns a cell for each of its parts, in their order.
func (r *Runner) RunParts(ctx context.Context, kernel string, c Case) []Cell {
	image, err := r.Image(ctx, kernel)
	if err != nil {
		verdict, reason := judgeImage(err)
		return cells(kernel, "", c, same(&Outcome{Verdict: verdict, Reason: reason}))
	}
	weight := r.weight(ctx, image, c.Shape)
	if err := r.slots.Acquire(ctx, weight); err != nil {
		return cells(kernel, image.Release, c, same(&Outcome{Verdict: NotRun, Reason: interrupted(ctx)}))
	}
	defer r.slots.Release(weight)
	if len(c.Parts) == 0 {
		return cells(kernel, image.Release, c, same(r.run(ctx, image, c)))
	}
	return cells(kernel, image.Release, c, r.try(ctx, image, c))
}

// try runs a case of several parts.
func (r *Runner) try(ctx context.Context, image *kernels.Image, c Case) func(string) *Outcome {
	start := time.Now()
	t, err := r.templateFor(ctx, image, c)
	if err != nil {
		return same(noTemplate(ctx, err, start))
	}
	outcomes := c.Try(ctx, t)
	return func(part string) *Outcome {
		if o := outcomes[part]; o != nil {
			return o
		}
		return &Outcome{Verdict: Infra, Reason: "nothing came of " + part}
	}
}

// same says the same of every part.
func same(o *Outcome) func(string) *Outcome {
	return func(string) *Outcome { c := *o; return &c }
}

// cells makes the cells of a case out of what came of its parts.
func cells(kernel, release string, c Case, of func(part string) *Outcome) (all []Cell) {
	for _, part := range c.PartNames() {
		all = append(all, Cell{Target: c.Target, Case: part, Kernel: kernel, Release: release, Outcome: of(part)})
	}
	return all
}
