package track

import (
	"errors"
	"slices"
	"time"

	"github.com/assay-lab/assay/ref/account"
)

// maxDraining bounds the removed cgroups whose sockets live on.
const maxDraining = 1024

// startDraining moves e, whose cgroup was removed, out of the live ones. t.mu
// is held.
func (t *Tracker) startDraining(e *entry) {
	if t.live[e.cg.Path] != e {
		return
	}
	delete(t.live, e.cg.Path)
	e.ended = time.Now()
	t.draining = append(t.draining, e)
}

// drain reads the removed cgroups once more, and lets go of those that the
// kernel has freed.
func (t *Tracker) drain() {
	t.mu.Lock()
	draining := slices.Clone(t.draining)
	t.mu.Unlock()
	for i, e := range draining {
		err := e.read(t.meter)
		if errors.Is(err, account.ErrGone) || len(draining)-i > maxDraining {
			t.retire(e)
		}
	}
}

// retire keeps the last figures of e and lets go of the rest.
func (t *Tracker) retire(e *entry) {
	e.mu.Lock()
	e.gone = true
	e.mu.Unlock()
	err := errors.Join(e.cg.Close(), t.meter.Forget(e.cg.ID))
	if err != nil {
		t.opts.Log.Debug("let go of removed cgroup", "error", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = slices.DeleteFunc(t.draining, func(d *entry) bool { return d == e })
	if next := t.live[e.cg.Path]; next != nil {
		next.earlier = next.earlier.Add(e.drop())
		return
	}
	e.earlier = e.earlier.Add(t.retained.take(e.cg.Path))
	t.retained.add(e)
}

func (t *Tracker) expire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retained.expire(now)
}

// retained holds removed cgroups, oldest first.
type retained struct {
	max     int
	keep    time.Duration
	entries []*entry
	evicted uint64 // for want of room
}

// add keeps e, and drops the oldest beyond max. Roots are always kept: they are
// few, and someone asked for them by name.
func (r *retained) add(e *entry) {
	if r.keep < 0 && !e.root {
		e.drop()
		return
	}
	r.entries = append(r.entries, e)
	if len(r.entries) <= r.max {
		return
	}
	if i := slices.IndexFunc(r.entries, func(e *entry) bool { return !e.root }); i >= 0 {
		r.entries[i].drop()
		r.entries = slices.Delete(r.entries, i, i+1)
		r.evicted++
	}
}

// take drops what is retained of path and returns all it has counted.
func (r *retained) take(path string) account.Counters {
	var sum account.Counters
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool {
		if e.cg.Path != path {
			return false
		}
		sum = sum.Add(e.drop())
		return true
	})
	return sum
}

// expire drops what was kept long enough.
func (r *retained) expire(now time.Time) {
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool {
		old := !e.root && now.Sub(e.ended) > r.keep
		if old {
			e.drop()
		}
		return old
	})
}
