package track

import (
	"errors"
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
	// Since is when counting began, Ended when the cgroup was found removed.
	Since, Ended time.Time
	// Counters is the traffic of the cgroup and its descendants since Since.
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
	// Failed is how many could not be attached to.
	Failed int
	// Evicted is how many removed ones were dropped because of MaxRetained.
	Evicted uint64
}

// Snapshot reads the counters of all cgroups.
func (t *Tracker) Snapshot() Snapshot {
	s, entries := t.list()
	for i, e := range entries {
		c, err := e.read()
		s.Cgroups[i].Counters = c
		if errors.Is(err, account.ErrGone) && s.Cgroups[i].State != Live {
			s.Cgroups[i].State = Gone
		}
	}
	slices.SortStableFunc(s.Cgroups, func(a, b Sample) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return a.Since.Compare(b.Since)
	})
	return s
}

// list returns a snapshot without figures, and the entries that have them.
func (t *Tracker) list() (Snapshot, []*entry) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retained.expire(now)
	s := Snapshot{
		Time: now, Mode: t.meter.Mode(), Polling: t.polling,
		Refused: len(t.refused), Failed: len(t.failed), Evicted: t.retained.evicted,
	}
	var entries []*entry
	add := func(e *entry, state State) {
		entries = append(entries, e)
		s.Cgroups = append(s.Cgroups, Sample{
			Name: e.cg.Name, Path: e.cg.Path, ID: e.cg.ID, Root: e.root,
			State: state, Since: e.since, Ended: e.ended, Earlier: e.earlier,
		})
	}
	for _, e := range t.live {
		add(e, Live)
	}
	for _, e := range t.draining {
		add(e, Draining)
	}
	for _, e := range t.retained.entries {
		add(e, Gone)
	}
	return s, entries
}
