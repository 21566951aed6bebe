package track

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// discover attaches to the cgroup at path, if it is one and of concern, and to
// everything below.
func (t *Tracker) discover(path string) {
	if !t.inScope(path) {
		return
	}
	_, err := t.attach(path, t.meter.Attach)
	switch {
	case err == nil:
		t.explore(path)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, account.ErrGone), errors.Is(err, account.ErrNotCgroup2):
		// It was gone again at once, or is a file.
	case errors.Is(err, errFull):
		t.refuse(path)
	default:
		t.fail(path, err)
	}
}

// refuse notes that the cgroup at path is one too many.
func (t *Tracker) refuse(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.refused) < maxRefused {
		t.refused[path] = true
	}
}

// fill takes up refused cgroups as long as there is room.
func (t *Tracker) fill() {
	for {
		t.mu.Lock()
		path := ""
		if len(t.live) < t.opts.MaxCgroups {
			for path = range t.refused {
				break
			}
		}
		delete(t.refused, path)
		t.mu.Unlock()
		if path == "" {
			return
		}
		t.discover(path)
	}
}

// fail notes trouble with the cgroup at path, and logs what is new about it.
func (t *Tracker) fail(path string, err error) {
	t.mu.Lock()
	news := t.failed[path] != err.Error() && len(t.failed) < t.opts.MaxCgroups
	if news {
		t.failed[path] = err.Error()
	}
	t.mu.Unlock()
	if news {
		t.opts.Log.Warn("account cgroup", "error", err)
	}
}

// explore watches the cgroup at path and discovers its children. Watching comes
// first: a child made in between is seen twice rather than never.
func (t *Tracker) explore(path string) {
	if t.watch != nil {
		switch err := t.watch.Add(path); {
		case errors.Is(err, cgroup.ErrWatchLimit):
			t.poll(err)
		case err != nil:
			t.checkRemoved(path)
			return
		}
	}
	if !t.opts.Descendants {
		return
	}
	for _, child := range children(path) {
		t.discover(child)
	}
}

func children(path string) []string {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil // removed meanwhile, which will be noticed
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(path, e.Name()))
		}
	}
	return dirs
}

// inScope tells whether path is to be tracked as a descendant of a root.
func (t *Tracker) inScope(path string) bool {
	if !t.opts.Descendants {
		return false
	}
	for _, root := range t.roots {
		if isBelow(path, root) && (t.opts.MaxDepth == 0 || strings.Count(path[len(root):], "/") <= t.opts.MaxDepth) {
			return true
		}
	}
	return false
}

// maxRefused bounds what is remembered of cgroups beyond MaxCgroups.
const maxRefused = 1 << 16

// errFull is returned by attach when MaxCgroups are tracked.
var errFull = errors.New("too many cgroups")

// attach takes up the cgroup at path, unless it is tracked already.
func (t *Tracker) attach(path string, attach func(string) (*account.Cgroup, error)) (*entry, error) {
	t.mu.Lock()
	old, full := t.live[path], len(t.live) >= t.opts.MaxCgroups
	t.mu.Unlock()
	if old != nil && old.isCurrent() {
		t.mu.Lock()
		defer t.mu.Unlock()
		old.adopt(t.live[filepath.Dir(path)])
		return old, nil
	}
	if full && old == nil {
		return nil, errFull
	}
	id, _ := cgroup.ID(path)
	cg, err := attach(path)
	if err != nil {
		t.missed(path, id)
		return nil, err
	}
	e := &entry{cg: cg, since: time.Now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	if old = t.live[cg.Path]; old != nil {
		t.startDraining(old)
	}
	e.earlier = t.retained.take(cg.Path)
	e.adopt(t.live[filepath.Dir(cg.Path)])
	t.live[cg.Path] = e
	delete(t.failed, path)
	return e, nil
}

// missed keeps the figures of a cgroup that was removed between being seen and
// being attached to. The ledger may have them.
func (t *Tracker) missed(path string, id uint64) {
	if now, err := cgroup.ID(path); id == 0 || err == nil && now == id {
		return
	}
	own, err := t.meter.Own(id)
	if err != nil || own == (account.Counters{}) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	parent := t.live[filepath.Dir(path)]
	if parent == nil {
		return
	}
	now := time.Now()
	e := &entry{
		cg:    &account.Cgroup{Path: path, Name: filepath.Join(parent.cg.Name, filepath.Base(path)), ID: id},
		since: now, ended: now, own: own, gone: true,
	}
	e.earlier = t.retained.take(path)
	e.adopt(parent)
	t.retained.add(e)
}

// checkRemoved acts on a report that the cgroup at path was removed. The report
// may be late, and mean an earlier cgroup.
func (t *Tracker) checkRemoved(path string) {
	e := t.find(path)
	if e == nil {
		t.forget(path)
		return
	}
	if e.isCurrent() {
		return
	}
	e.read(t.meter)
	t.mu.Lock()
	t.startDraining(e)
	t.mu.Unlock()
	t.fill()
}

// forget drops what is remembered of a cgroup that was not taken up.
func (t *Tracker) forget(path string) {
	if _, err := cgroup.ID(path); err == nil {
		return // there is a new one
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.refused, path)
	delete(t.failed, path)
}

// rescan finds out what happened without having been told.
func (t *Tracker) rescan() {
	t.mu.Lock()
	paths := slices.Collect(maps.Keys(t.live))
	paths = slices.AppendSeq(paths, maps.Keys(t.refused))
	paths = slices.AppendSeq(paths, maps.Keys(t.failed))
	t.mu.Unlock()
	for _, path := range paths {
		t.checkRemoved(path)
	}
	for _, root := range t.roots {
		if t.find(root) != nil {
			t.explore(root)
		}
	}
	t.tidyLedger()
}

// tidyLedger forgets cgroups that are not tracked, the second time they are
// seen: the first time they may only be too new. They are beyond MaxCgroups or
// MaxDepth, or came and went too fast to get to know their name.
func (t *Tracker) tidyLedger() {
	ids, err := t.meter.Entries()
	if err != nil {
		t.opts.Log.Debug("tidy ledger", "error", err)
		return
	}
	known := make(map[uint64]bool)
	for _, e := range t.countedEntries() {
		known[e.cg.ID] = true
	}
	strangers := make(map[uint64]bool)
	for _, id := range ids {
		switch {
		case known[id]:
		case t.strangers[id]:
			err = errors.Join(err, t.meter.Forget(id))
		default:
			strangers[id] = true
		}
	}
	if err != nil {
		t.opts.Log.Debug("tidy ledger", "error", err)
	}
	t.strangers = strangers
}
