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
		_, err := e.read()
		if errors.Is(err, account.ErrGone) || len(draining)-i > maxDraining {
			t.retire(e)
		}
	}
}

// retire keeps the last figures of e and lets go of the rest.
func (t *Tracker) retire(e *entry) {
	if err := e.cg.Close(); err != nil {
		t.opts.Log.Debug("detach from removed cgroup", "error", err)
	}
	last, _ := e.read()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.draining = slices.DeleteFunc(t.draining, func(d *entry) bool { return d == e })
	if next := t.live[e.cg.Path]; next != nil {
		next.earlier = next.earlier.Add(e.earlier).Add(last)
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
		return
	}
	r.entries = append(r.entries, e)
	if len(r.entries) <= r.max {
		return
	}
	if i := slices.IndexFunc(r.entries, func(e *entry) bool { return !e.root }); i >= 0 {
		r.entries = slices.Delete(r.entries, i, i+1)
		r.evicted++
	}
}

// take removes what is retained of path and returns all it has counted.
func (r *retained) take(path string) account.Counters {
	var sum account.Counters
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool {
		if e.cg.Path != path {
			return false
		}
		last, _ := e.read()
		sum = sum.Add(e.earlier).Add(last)
		return true
	})
	return sum
}

func (r *retained) expire(now time.Time) {
	r.entries = slices.DeleteFunc(r.entries, func(e *entry) bool { return !e.root && now.Sub(e.ended) > r.keep })
}
