package track

import (
	"testing"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// dead returns a removed cgroup that counted n packets and ended n seconds after
// the epoch.
func dead(path string, n uint64) *entry {
	return &entry{
		cg: &account.Cgroup{Path: path}, ended: epoch.Add(time.Duration(n) * time.Second),
		last: packets(n), gone: true,
	}
}

func packets(n uint64) account.Counters {
	return account.Counters{Ingress: account.Flow{IPv4: account.Tally{Packets: n}}}
}

func paths(r retained) []string {
	got := []string{}
	for _, e := range r.entries {
		got = append(got, e.cg.Path)
	}
	return got
}

func TestRetained(t *testing.T) {
	r := retained{max: 3, keep: 10 * time.Second}
	root := dead("/root", 0)
	root.root = true
	r.add(root)
	for i, path := range []string{"/a", "/b", "/c", "/d"} {
		r.add(dead(path, uint64(i+1)))
	}
	if diff := cmp.Diff([]string{"/root", "/c", "/d"}, paths(r)); diff != "" || r.evicted != 2 {
		t.Errorf("%d evicted, want 2; kept (-want +got):\n%s", r.evicted, diff)
	}
	r.expire(epoch.Add(13 * time.Second)) // 10 s after /c
	if diff := cmp.Diff([]string{"/root", "/c", "/d"}, paths(r)); diff != "" {
		t.Errorf("at the limit (-want +got):\n%s", diff)
	}
	r.expire(epoch.Add(13*time.Second + 1))
	if diff := cmp.Diff([]string{"/root", "/d"}, paths(r)); diff != "" {
		t.Errorf("beyond the limit (-want +got):\n%s", diff)
	}
}

func TestRetainedTake(t *testing.T) {
	r := retained{max: 3, keep: time.Hour}
	a := dead("/a", 1)
	a.earlier = packets(100)
	r.add(a)
	r.add(dead("/b", 10))
	if diff := cmp.Diff(packets(101), r.take("/a")); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(account.Counters{}, r.take("/a")); diff != "" {
		t.Errorf("taken again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/b"}, paths(r)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}
