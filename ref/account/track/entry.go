package track

import (
	"errors"
	"sync"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// entry is one tracked cgroup.
type entry struct {
	cg    *account.Cgroup
	root  bool
	since time.Time
	// Guarded by Tracker.mu: when the cgroup was found removed, and what earlier
	// cgroups at the same path had counted.
	ended   time.Time
	earlier account.Counters

	mu   sync.Mutex // guards what follows, also while the kernel is asked
	last account.Counters
	gone bool
}

// read brings last up to date and returns it. The error wraps account.ErrGone
// when the counters have been freed: last stays as it is then.
func (e *entry) read() (account.Counters, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return e.last, account.ErrGone
	}
	now, err := e.cg.Read()
	e.gone = errors.Is(err, account.ErrGone)
	if err == nil {
		e.last = now
	}
	return e.last, err
}

// isCurrent tells whether the path still leads to this cgroup.
func (e *entry) isCurrent() bool {
	id, err := cgroup.ID(e.cg.Path)
	return err == nil && id == e.cg.ID
}
