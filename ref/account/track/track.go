package track

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// Defaults of [Options].
const (
	DefaultMaxCgroups  = 4096
	DefaultRetain      = 5 * time.Minute
	DefaultMaxRetained = 256
)

// Options say what to track. Only Roots is required.
type Options struct {
	// Roots are cgroup v2 directories.
	Roots []string
	// Descendants tracks every cgroup below the roots as well.
	Descendants bool
	// MaxDepth is how many levels below a root are tracked; 0 is all.
	MaxDepth int
	// MaxCgroups bounds how many live cgroups are tracked at once; 0 is
	// DefaultMaxCgroups. Further ones are only in their ancestors' figures and
	// in Snapshot.Refused.
	MaxCgroups int
	// Retain is how long the figures of a removed cgroup are kept; 0 is
	// DefaultRetain, negative is not at all. Those of a root are kept for ever.
	Retain time.Duration
	// MaxRetained bounds how many removed cgroups are kept, oldest go first; 0 is
	// DefaultMaxRetained.
	MaxRetained int
	// Log receives what befalls single cgroups while tracking; nil discards it.
	Log *slog.Logger

	polling bool // for tests
}

func (o Options) withDefaults() Options {
	if o.MaxCgroups == 0 {
		o.MaxCgroups = DefaultMaxCgroups
	}
	if o.Retain == 0 {
		o.Retain = DefaultRetain
	}
	if o.MaxRetained == 0 {
		o.MaxRetained = DefaultMaxRetained
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Tracker keeps account of a changing set of cgroups. Its methods may be called
// concurrently.
type Tracker struct {
	meter *account.Meter
	opts  Options
	roots []string        // absolute
	watch *cgroup.Watcher // nil where there is no inotify
	stop  chan struct{}   // closed by Close
	done  chan struct{}   // closed when run has returned
	once  sync.Once
	err   error // of Close

	mu       sync.Mutex // guards what follows; not held while counters are read
	polling  bool       // events are missing, for some cgroups or all
	live     map[string]*entry
	draining []*entry // removed, but their counters still count
	retained retained
	refused  map[string]bool   // beyond MaxCgroups
	failed   map[string]string // path to what went wrong

	strangers map[uint64]bool // in the ledger, but not tracked; used by run only
}

// Start attaches to all roots, and to what is below them if asked to, and keeps
// track in the background until Close. The meter stays the caller's. The error
// is that of [account.Meter.Attach] for a root; trouble with a descendant is
// logged and counted in [Snapshot].
func Start(m *account.Meter, o Options) (*Tracker, error) {
	o = o.withDefaults()
	t := &Tracker{
		meter:    m,
		opts:     o,
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		live:     make(map[string]*entry),
		retained: retained{max: o.MaxRetained, keep: o.Retain},
		refused:  make(map[string]bool),
		failed:   make(map[string]string),
	}
	t.startWatch()
	if err := t.addRoots(o.Roots); err != nil {
		close(t.done)
		t.Close()
		return nil, err
	}
	go t.run()
	return t, nil
}

func (t *Tracker) startWatch() {
	if t.opts.polling {
		t.poll(cgroup.ErrWatchLimit)
		return
	}
	w, err := cgroup.NewWatcher()
	if err != nil {
		t.poll(err)
		return
	}
	t.watch = w
}

func (t *Tracker) addRoots(paths []string) error {
	for _, path := range paths {
		dir, err := cgroup.Open(path)
		if err != nil {
			return err
		}
		dir.Close()
		if !slices.Contains(t.roots, dir.Path) {
			t.roots = append(t.roots, dir.Path)
		}
	}
	// Outer ones first: they find those within, and have the ledger of them.
	slices.SortFunc(t.roots, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for i, root := range t.roots {
		attach := t.meter.AttachLedger
		if slices.ContainsFunc(t.roots[:i], func(outer string) bool { return isBelow(root, outer) }) {
			attach = t.meter.Attach
		}
		if err := t.addRoot(root, attach); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tracker) addRoot(path string, attach func(string) (*account.Cgroup, error)) error {
	e, err := t.attach(path, attach)
	if errors.Is(err, errFull) {
		err = fmt.Errorf("account %s: %w: only %d may be tracked", path, err, t.opts.MaxCgroups)
	}
	if err != nil {
		return err
	}
	e.root = true
	if t.watch != nil {
		// It reports the removal at once, even while someone has the root open.
		if err := t.watch.AddParent(filepath.Dir(path)); err != nil {
			t.opts.Log.Debug("watch parent of root", "error", err)
		}
	}
	t.explore(path)
	return nil
}

// isBelow tells whether path is a descendant of dir.
func isBelow(path, dir string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// Close stops tracking and detaches from every cgroup. Closing again returns
// the same error.
func (t *Tracker) Close() error {
	t.once.Do(func() { t.err = t.close() })
	return t.err
}

func (t *Tracker) close() error {
	close(t.stop)
	<-t.done
	var errs []error
	if t.watch != nil {
		errs = append(errs, t.watch.Close())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		errs = append(errs, e.cg.Close())
	}
	for _, e := range t.draining {
		errs = append(errs, e.cg.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop accounting: %w", err)
	}
	return nil
}

// poll notes that events cannot be relied upon, because of err.
func (t *Tracker) poll(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.polling {
		t.polling = true
		t.opts.Log.Warn("looking for new cgroups every "+lookEvery.String(), "error", err)
	}
}
