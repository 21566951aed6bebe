package track

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// entry is one cgroup in the account.
//
// Its traffic is known from two sides. Its own storage has what it and its
// descendants sent from when it was attached to until the kernel freed it. The
// ledger has what each cgroup by itself sent, from its first packet on, if the
// kernel can keep one. Both are never more than what was sent, and where one
// misses something the other has it, so the greater is taken.
type entry struct {
	cg    *account.Cgroup
	root  bool
	since time.Time

	// Guarded by Tracker.mu.
	ended    time.Time        // when the cgroup was found removed
	earlier  account.Counters // of removed cgroups at the same path
	parent   *entry           // nil for an outermost root
	children []*entry         // those not dropped
	dropped  account.Counters // of dropped children

	mu   sync.Mutex // guards what follows, also while the kernel is asked
	last account.Counters
	own  account.Counters
	gone bool // last and own are final
}

// read brings the figures up to date. The error wraps account.ErrGone when they
// are final.
func (e *entry) read(m *account.Meter) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return account.ErrGone
	}
	now, err := e.cg.Read()
	if err == nil {
		e.last = now
	}
	// The ledger last: when the storage is gone, so are all sockets.
	if own, err := m.Own(e.cg.ID); err == nil {
		e.own = own
	}
	e.gone = errors.Is(err, account.ErrGone)
	return err
}

// final tells whether the figures will stay as they are.
func (e *entry) final() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gone
}

// total returns the traffic of the cgroup with its descendants. Tracker.mu is
// held.
func (e *entry) total() account.Counters {
	sum := e.dropped
	for _, c := range e.children {
		sum = sum.Add(c.total())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last.Max(e.own.Add(sum))
}

// adopt makes e a child of parent, which may be nil. Tracker.mu is held.
func (e *entry) adopt(parent *entry) {
	if e.parent != nil || parent == nil {
		return
	}
	e.parent = parent
	parent.children = append(parent.children, e)
}

// drop takes e out of the account, and returns all that its path has counted;
// its parent keeps the sum. Tracker.mu is held.
func (e *entry) drop() account.Counters {
	total := e.total()
	if p := e.parent; p != nil {
		p.dropped = p.dropped.Add(total)
		p.children = slices.DeleteFunc(p.children, func(c *entry) bool { return c == e })
	}
	return total.Add(e.earlier)
}

// isCurrent tells whether the path still leads to this cgroup.
func (e *entry) isCurrent() bool {
	id, err := cgroup.ID(e.cg.Path)
	return err == nil && id == e.cg.ID
}
