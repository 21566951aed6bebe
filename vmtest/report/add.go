package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// New returns a report, started now, without kernels or cells.
func New(tool Tool, host Host) *Report {
	return &Report{
		Schema: Schema, Tool: tool, Host: host, Started: time.Now().UTC().Truncate(time.Second),
		Kernels: []Kernel{}, Cells: []Cell{},
	}
}

// AddKernel adds a kernel, or replaces what is known of the one of that name. The
// kernels of a plan are best added before it runs: a kernel that nothing was tried
// on is then in the report, as not run. An empty Status is filled in from the
// kernel's cells.
func (r *Report) AddKernel(k Kernel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.kernel(k.Name)
	switch {
	case known.Status == StatusRun:
		k.Status, k.Reason = StatusRun, ""
	case k.Status == "":
		k.Status, k.Reason = known.Status, cmp.Or(k.Reason, known.Reason)
	}
	*known = k
}

// kernel returns the kernel of that name, adding it if need be.
func (r *Report) kernel(name string) *Kernel {
	i := slices.IndexFunc(r.Kernels, func(k Kernel) bool { return k.Name == name })
	if i < 0 {
		i = len(r.Kernels)
		r.Kernels = append(r.Kernels, Kernel{Name: name, Status: StatusNotRun})
	}
	return &r.Kernels[i]
}

// Add adds a cell. One added again, as after another try, replaces the first.
func (r *Report) Add(c Cell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.index()
	if i, ok := r.place[c.Key()]; ok {
		r.Cells[i] = c
	} else {
		r.place[c.Key()] = len(r.Cells)
		r.Cells = append(r.Cells, c)
	}
	k := r.kernel(c.Kernel)
	if k.Release == "" {
		k.Release = c.Release
	}
	switch {
	case c.Verdict != vmtest.NotRun:
		k.Status, k.Reason = StatusRun, ""
	case k.Status != StatusRun && k.Reason == "":
		k.Reason = c.Reason
	}
}

// index makes place, which a report that was read does not have.
func (r *Report) index() {
	if r.place != nil {
		return
	}
	r.place = make(map[Key]int, len(r.Cells))
	for i := range r.Cells {
		r.place[r.Cells[i].Key()] = i
	}
}

// End sets Seconds to the time since the report was started.
func (r *Report) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Seconds = roundSeconds(time.Since(r.Started))
}

// Class returns the worst of what came of the cells: that something fell, before
// that the lab could not run something, before that all is as expected. What was
// not run is the lab's failure only if its kernel is required, or if nothing was
// run at all, which proves nothing.
func (r *Report) Class() vmtest.Class { return r.view().class() }

// ExitStatus returns the exit status that goes with Class: 0, 1 or 3.
func (r *Report) ExitStatus() int { return int(r.Class()) }

// Durations returns the seconds of each cell that was run, to balance shards and
// to estimate how long a run will take.
func (r *Report) Durations() map[Key]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := make(map[Key]float64, len(r.Cells))
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Verdict != vmtest.NotRun {
			d[c.Key()] = c.Seconds
		}
	}
	return d
}
