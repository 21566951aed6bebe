package track_test

import (
	"fmt"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
)

// TestShortLived: what a cgroup sent is there to the byte, although nobody asked
// while it lived: from its first moment, before it was attached to, to its last,
// just before it was removed.
func TestShortLived(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Netns(t)
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true})
	const jobs = 20
	for i := range jobs {
		dir := cgtest.Child(t, root, fmt.Sprintf("job%02d", i))
		if hasLedger(tr) {
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 3, 100)
		}
		cgtest.Eventually(t, "attached", func() error { return attached(tr, dir) })
		if !hasLedger(tr) {
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 3, 100)
		}
		cgtest.Datagrams(t, dir, dir, "127.0.0.1", 7, 100)
		cgtest.Remove(t, dir)
	}
	s := settled(t, tr)
	var sum account.Counters
	for _, c := range s.Cgroups {
		if c.Path == root {
			continue
		}
		sum = sum.Add(c.Counters)
		if got := c.Counters.Egress.IPv4; got.Packets != 10 || got.Bytes != 10*128 {
			t.Errorf("%s: got %+v, want 10 packets of 128 bytes", c.Path, got)
		}
	}
	if diff := cmp.Diff(find(t, s, root).Counters, sum); diff != "" {
		t.Errorf("children (+) do not make the root (-):\n%s", diff)
	}
}

// settled waits until all but the roots are gone.
func settled(t *testing.T, tr *track.Tracker) track.Snapshot {
	t.Helper()
	var s track.Snapshot
	cgtest.Eventually(t, "all final", func() error {
		s = tr.Snapshot()
		for _, c := range s.Cgroups {
			if !c.Root && c.State != track.Gone {
				return fmt.Errorf("%s is %s", c.Path, c.State)
			}
		}
		return nil
	})
	return s
}

func hasLedger(tr *track.Tracker) bool { return tr.Snapshot().Mode.Ledger }

// TestNestedRemoved: what a branch has counted stays whole as it is taken down
// from its leaves, and dropped from memory.
func TestNestedRemoved(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Netns(t)
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true, MaxRetained: 1})
	branch := cgtest.Child(t, root, "branch")
	twig := cgtest.Child(t, branch, "twig")
	leaves := []string{cgtest.Child(t, twig, "a"), cgtest.Child(t, twig, "b"), cgtest.Child(t, branch, "c")}
	for _, dir := range append(leaves, twig, branch) {
		cgtest.Eventually(t, "attached", func() error { return attached(tr, dir) })
		cgtest.Datagrams(t, dir, dir, "127.0.0.1", 1, 100)
	}
	for _, dir := range append(leaves, twig) {
		cgtest.Remove(t, dir)
	}
	cgtest.Datagrams(t, branch, branch, "127.0.0.1", 1, 100)
	var s track.Snapshot
	cgtest.Eventually(t, "one left", func() error {
		if s = tr.Snapshot(); s.Evicted != 3 {
			return fmt.Errorf("%d evicted", s.Evicted)
		}
		return nil
	})
	for _, path := range []string{root, branch} {
		if got := find(t, s, path).Counters.Egress.IPv4.Packets; got != 6 {
			t.Errorf("%s: got %d packets, want 6", path, got)
		}
	}
}

// TestNestedRoots: roots may lie within each other, in any order, and nothing is
// counted twice.
func TestNestedRoots(t *testing.T) {
	outer := cgtest.New(t)
	cgtest.Netns(t)
	inner := cgtest.Child(t, outer, "inner")
	tr := start(t, track.Options{Roots: []string{inner, outer, outer + "/"}, Descendants: true})
	deep := cgtest.Child(t, inner, "deep")
	cgtest.Datagrams(t, deep, deep, "127.0.0.1", 4, 100)
	s := want(t, tr, outer, "live .", "live inner", "live inner/deep")
	for _, c := range s.Cgroups {
		want := uint64(4)
		if c.Path == deep && !hasLedger(tr) {
			continue // perhaps attached too late
		}
		if got := c.Counters.Egress.IPv4.Packets; got != want || c.Root != (c.Path != deep) {
			t.Errorf("%s: got %d packets, want %d; root: %v", c.Path, got, want, c.Root)
		}
	}
	if got := cgtest.Programs(t, inner); got != 2 {
		t.Errorf("%d programs attached to the inner root, want 2", got)
	}
}

// TestDraining: a socket that outlives its cgroup still counts.
func TestDraining(t *testing.T) {
	root := cgtest.New(t)
	cgtest.Netns(t)
	dir := cgtest.Child(t, root, "dying")
	tr := start(t, track.Options{Roots: []string{root}, Descendants: true})
	p := cgtest.Connect(t, dir, "127.0.0.1:0", dir, "127.0.0.1")
	cgtest.Remove(t, dir)
	before := want(t, tr, root, "live .", "draining dying")
	p.Echo(t, 1000)
	p.Close(t)
	after := want(t, tr, root, "live .", "gone dying")
	got := find(t, after, dir).Counters.Sub(find(t, before, dir).Counters)
	if got.Ingress.Total().Bytes < 2000 {
		t.Errorf("got %d bytes after removal, want more than 2000", got.Ingress.Total().Bytes)
	}
	if diff := cmp.Diff(find(t, after, root).Counters, find(t, after, dir).Counters); diff != "" {
		t.Errorf("the dying (+) has not all of the root's traffic (-):\n%s", diff)
	}
}
