package track

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assay-lab/assay/ref/account"
)

// State is how far a cgroup has come.
type State string

// The values of [Sample.State].
const (
	// Live: the cgroup is there.
	Live State = "live"
	// Draining: the cgroup was removed, while some of its sockets live on.
	Draining State = "draining"
	// Gone: the figures are final.
	Gone State = "gone"
)

// Sample is the account of one cgroup.
type Sample struct {
	// Name is the cgroup's path in the hierarchy, Path the directory.
	Name, Path string
	// ID is the kernel's id of the cgroup, never used twice.
	ID uint64
	// Root: the cgroup was named, not found below another.
	Root  bool
	State State
	// Since is when the cgroup was found, Ended when it was found removed.
	Since, Ended time.Time
	// Counters is the traffic of the cgroup and its descendants, since Start or
	// since it was made; without Mode.Ledger since Since.
	Counters account.Counters
	// Earlier is that of cgroups which had the same path before, and are no
	// longer in the snapshot themselves.
	Earlier account.Counters
}

// Snapshot is the account of all tracked cgroups.
type Snapshot struct {
	Time time.Time
	Mode account.Mode
	// Polling: inotify was not available for all cgroups.
	Polling bool
	// Cgroups is sorted by name, then by age.
	Cgroups []Sample
	// Refused is how many cgroups are not taken up because of MaxCgroups; what is
	// below them is not looked at.
	Refused int
	// Failed is how many could not be attached to, or read.
	Failed int
	// Evicted is how many removed ones were dropped because of MaxRetained.
	Evicted uint64
}

// Snapshot reads the counters of all cgroups.
func (t *Tracker) Snapshot() Snapshot {
	for _, e := range t.countedEntries() {
		if err := e.read(t.meter); err != nil && !errors.Is(err, account.ErrGone) {
			t.fail(e.cg.Path, err)
		}
	}
	s := t.sample(time.Now())
	slices.SortStableFunc(s.Cgroups, func(a, b Sample) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), a.Since.Compare(b.Since))
	})
	return s
}

// countedEntries returns those whose figures may still grow.
func (t *Tracker) countedEntries() []*entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.AppendSeq(slices.Clone(t.draining), maps.Values(t.live))
}

// sample returns what is known at the time now.
func (t *Tracker) sample(now time.Time) Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retained.expire(now)
	s := Snapshot{
		Time: now, Mode: t.meter.Mode(), Polling: t.polling,
		Refused: len(t.refused), Failed: len(t.failed), Evicted: t.retained.evicted,
	}
	add := func(e *entry, state State) {
		s.Cgroups = append(s.Cgroups, Sample{
			Name: e.cg.Name, Path: e.cg.Path, ID: e.cg.ID, Root: e.root, State: state,
			Since: e.since, Ended: e.ended, Counters: e.total(), Earlier: e.earlier,
		})
	}
	for _, e := range t.live {
		add(e, Live)
	}
	for _, e := range t.draining {
		if e.final() {
			add(e, Gone)
		} else {
			add(e, Draining)
		}
	}
	for _, e := range t.retained.entries {
		add(e, Gone)
	}
	return s
}
