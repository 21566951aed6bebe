package track

import (
	"time"

	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// How often the loop acts without an event.
const (
	// drainEvery is below the RCU grace period (13 ms and more as measured on
	// 6.18) that the kernel lets pass between the end of a removed cgroup's last
	// socket and the end of its counters.
	drainEvery = 4 * time.Millisecond
	// With a ledger there is no hurry.
	drainLedgerEvery = 50 * time.Millisecond
	// A cgroup that is still counting after drainPatience has sockets that were
	// handed to someone else, and will be for long.
	drainPatience = time.Minute
	drainSlowly   = time.Second
	// lookEvery replaces inotify where its watches have run out.
	lookEvery = 250 * time.Millisecond
	// checkEvery drops what was retained long enough, takes up what was refused
	// for want of room, and guards against a missed event.
	checkEvery = 30 * time.Second
)

// schedule is when to do next what is not told by an event.
type schedule struct{ drain, check time.Time }

// run is the only goroutine that changes which cgroups are tracked.
func (t *Tracker) run() {
	defer close(t.done)
	var events <-chan cgroup.Event
	if t.watch != nil {
		events = t.watch.Events
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := schedule{check: time.Now().Add(t.checkPause())}
	for {
		// However many events come, what is due is done between two of them.
		timer.Reset(time.Until(t.act(&due, time.Now())))
		select {
		case <-t.stop:
			return
		case ev, ok := <-events:
			if !ok {
				events = nil
			}
			t.handle(ev)
		case <-timer.C:
		}
	}
}

// act does what is due, and returns when to come back.
func (t *Tracker) act(due *schedule, now time.Time) time.Time {
	if !now.Before(due.check) {
		t.rescan()
		t.expire(now)
		due.check = now.Add(t.checkPause())
	}
	left, pause := t.drainPause(now)
	if left == 0 {
		due.drain = now
		return due.check
	}
	if !now.Before(due.drain) {
		t.drain()
		due.drain = now.Add(pause)
	}
	if due.drain.Before(due.check) {
		return due.drain
	}
	return due.check
}

func (t *Tracker) checkPause() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.polling {
		return lookEvery
	}
	return checkEvery
}

// drainPause returns how many cgroups are draining, and how long to wait
// between looking at them.
func (t *Tracker) drainPause(now time.Time) (int, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.draining)
	if n > 0 && now.Sub(t.draining[n-1].ended) > drainPatience {
		return n, drainSlowly
	}
	if t.meter.Mode().Ledger {
		return n, drainLedgerEvery
	}
	return n, drainEvery
}

func (t *Tracker) handle(ev cgroup.Event) {
	switch ev.Type {
	case cgroup.Created:
		t.discover(ev.Path)
	case cgroup.Emptied:
		// Whoever removes the cgroup next waits for nobody: read while it is there.
		if e := t.find(ev.Path); e != nil {
			e.read(t.meter)
		}
	case cgroup.Removed:
		t.checkRemoved(ev.Path)
	case cgroup.Lost:
		t.rescan()
	}
}

func (t *Tracker) find(path string) *entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.live[path]
}
