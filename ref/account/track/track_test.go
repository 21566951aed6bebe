package track_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
)

func start(t *testing.T, o track.Options) *track.Tracker {
	t.Helper()
	m, err := account.Load(account.Options{Ledger: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	tr, err := track.Start(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// states returns "STATE PATH" of every sample, the path below dir.
func states(t *testing.T, s track.Snapshot, dir string) []string {
	t.Helper()
	got := []string{}
	for _, c := range s.Cgroups {
		rel, err := filepath.Rel(dir, c.Path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(c.State, " ", rel))
	}
	return got
}

// want waits until the tracker's cgroups are those given.
func want(t *testing.T, tr *track.Tracker, dir string, wanted ...string) track.Snapshot {
	t.Helper()
	var s track.Snapshot
	cgtest.Eventually(t, "cgroups", func() error {
		s = tr.Snapshot()
		if diff := cmp.Diff(wanted, states(t, s, dir)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	return s
}

func find(t *testing.T, s track.Snapshot, path string) track.Sample {
	t.Helper()
	for _, c := range s.Cgroups {
		if c.Path == path {
			return c
		}
	}
	t.Fatalf("no sample of %s", path)
	return track.Sample{}
}

func TestDescendants(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Child(t, root, "old")
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true})
	want(t, tr, root, "live .", "live old")

	deep := filepath.Join(root, "new/deeper/deepest")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, tr, root, "live .", "live new", "live new/deeper", "live new/deeper/deepest", "live old")

	cgtest.Remove(t, deep)
	s := want(t, tr, root, "live .", "live new", "live new/deeper", "gone new/deeper/deepest", "live old")
	if c := find(t, s, deep); c.Ended.Before(c.Since) || c.Root {
		t.Errorf("got %+v, want an end after the beginning, and no root", c)
	}
	if c := find(t, s, root); !c.Root {
		t.Errorf("got %+v, want a root", c)
	}
}

// TestPolling: without inotify the same, a little later.
func TestPolling(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Netns(t)
	tr := start(t, track.Polling(track.Options{Roots: []string{root}, Descendants: true}))
	if !tr.Snapshot().Polling {
		t.Error("the snapshot does not say so")
	}
	dir := cgtest.Child(t, root, "a")
	want(t, tr, root, "live .", "live a")
	cgtest.Datagrams(t, dir, dir, "127.0.0.1", 3, 100)
	tr.Snapshot() // without word of its end, only what was read before is sure
	cgtest.Remove(t, dir)
	s := want(t, tr, root, "live .", "gone a")
	if got := find(t, s, dir).Counters.Egress.IPv4.Packets; got != 3 {
		t.Errorf("got %d packets, want 3", got)
	}
}

func TestRootsOnly(t *testing.T) {
	dir := cgtest.New(t)
	a, b := cgtest.Child(t, dir, "a"), cgtest.Child(t, dir, "b")
	tr := start(t, track.Options{Roots: []string{a, b, a}})
	cgtest.Child(t, a, "child")
	cgtest.Remove(t, b)
	want(t, tr, dir, "live a", "gone b")
}

func TestDepth(t *testing.T) {
	root := cgtest.New(t)
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true, MaxDepth: 2})
	if err := os.MkdirAll(filepath.Join(root, "1/2/3"), 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, tr, root, "live .", "live 1", "live 1/2")
}

// attached fails until the cgroup that is at dir now is tracked.
func attached(tr *track.Tracker, dir string) error {
	id, err := cgroup.ID(dir)
	if err != nil {
		return err
	}
	for _, c := range tr.Snapshot().Cgroups {
		if c.Path == dir && c.ID == id {
			return nil
		}
	}
	return errors.New("not yet")
}

// TestSamePath: a cgroup made again is another one, and what the path has
// counted in all only grows.
func TestSamePath(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Netns(t)
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true})
	dir := filepath.Join(root, "service")
	seen := map[uint64]bool{}
	for i := range 5 {
		cgtest.Child(t, root, "service")
		cgtest.Eventually(t, "attached", func() error { return attached(tr, dir) })
		cgtest.Datagrams(t, dir, dir, "127.0.0.1", 1, 100)
		var got track.Sample
		cgtest.Eventually(t, "earlier ones are settled", func() error {
			s := tr.Snapshot()
			if got = find(t, s, dir); len(s.Cgroups) != 2 || got.State != track.Live {
				return fmt.Errorf("got %q", states(t, s, root))
			}
			return nil
		})
		if seen[got.ID] {
			t.Errorf("id %d came back", got.ID)
		}
		seen[got.ID] = true
		if got.Counters.Egress.IPv4.Packets != 1 || got.Earlier.Egress.IPv4.Packets != uint64(i) {
			t.Errorf("got %d packets, %d earlier, want 1 and %d",
				got.Counters.Egress.IPv4.Packets, got.Earlier.Egress.IPv4.Packets, i)
		}
		cgtest.Remove(t, dir)
	}
}

// TestBounds: however many cgroups come and go, what is kept is bounded and says
// what it left out; room that is made is used.
func TestBounds(t *testing.T) {
	root := cgtest.New(t)
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true, MaxCgroups: 5, MaxRetained: 3})
	expect := func(what string, live, gone, refused int, evicted uint64) {
		t.Helper()
		cgtest.Eventually(t, what, func() error {
			s := tr.Snapshot()
			count := map[track.State]int{}
			for _, c := range s.Cgroups {
				count[c.State]++
			}
			got := fmt.Sprint(count[track.Live], count[track.Draining], count[track.Gone], s.Refused, s.Evicted)
			if want := fmt.Sprint(live, 0, gone, refused, evicted); got != want {
				return fmt.Errorf("live, draining, gone, refused, evicted: got %s, want %s", got, want)
			}
			return nil
		})
	}
	for i := range 9 {
		cgtest.Child(t, root, fmt.Sprint(i))
	}
	expect("full", 5, 0, 5, 0)
	cgtest.Remove(t, filepath.Join(root, "0")) // one of the tracked: they came first
	expect("refilled", 5, 1, 4, 0)
	for i := 1; i < 9; i++ {
		cgtest.Remove(t, filepath.Join(root, fmt.Sprint(i)))
	}
	cgtest.Eventually(t, "empty", func() error {
		s := tr.Snapshot()
		if len(s.Cgroups) != 1+3 || s.Refused != 0 || s.Evicted == 0 {
			return fmt.Errorf("%d refused, %d evicted, cgroups %q", s.Refused, s.Evicted, states(t, s, root))
		}
		return nil
	})
}

func TestRetainNothing(t *testing.T) {
	root := cgtest.Child(t, cgtest.New(t), "root")
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true, Retain: -1})
	dir := cgtest.Child(t, root, "a")
	want(t, tr, root, "live .", "live a")
	cgtest.Remove(t, dir)
	want(t, tr, root, "live .")
	cgtest.Remove(t, root)
	want(t, tr, root, "gone .") // who was named stays
}

// TestRootRemoved: the root's end is noticed like any other's, also while
// someone has its directory open.
func TestRootRemoved(t *testing.T) {
	dir := cgtest.New(t)
	root := cgtest.Child(t, dir, "root")
	f, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true})
	cgtest.Remove(t, root)
	want(t, tr, dir, "gone root")
}

// TestNothingLeft: whatever happened, in the end nothing is attached.
func TestNothingLeft(t *testing.T) {
	for _, how := range []account.Method{account.ByLink, account.ByProgram} {
		root := cgtest.New(t)
		cgtest.Child(t, root, "child")
		m, err := account.Load(account.Options{Attach: how})
		if errors.Is(err, account.ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		tr, err := track.Start(m, track.Options{Roots: []string{root}, Descendants: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := cgtest.Programs(t, root) + cgtest.Programs(t, filepath.Join(root, "child")); got != 4 {
			t.Errorf("%s: %d programs attached, want 4", how, got)
		}
		if err := errors.Join(tr.Close(), tr.Close(), m.Close()); err != nil {
			t.Error(err)
		}
		if got := cgtest.Programs(t, root) + cgtest.Programs(t, filepath.Join(root, "child")); got != 0 {
			t.Errorf("%s: %d programs attached after closing, want 0", how, got)
		}
	}
}

func TestBadRoot(t *testing.T) {
	root := cgtest.New(t)
	m, err := account.Load(account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	_, err = track.Start(m, track.Options{Roots: []string{root, t.TempDir()}})
	if !errors.Is(err, account.ErrNotCgroup2) {
		t.Errorf("got %v, want %v", err, account.ErrNotCgroup2)
	}
	if got := cgtest.Programs(t, root); got != 0 {
		t.Errorf("%d programs attached to the good root, want 0", got)
	}
}
