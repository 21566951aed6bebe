package account_test

import (
	"slices"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
)

func own(t *testing.T, m *account.Meter, id uint64) account.Counters {
	t.Helper()
	c, err := m.Own(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestLedger: the ledger has each cgroup by itself, attached to or not, alive or
// not, and all of them make what the attached one has counted.
func TestLedger(t *testing.T) {
	m := load(t, account.Options{Ledger: true})
	if !m.Mode().Ledger {
		t.Skip(m.Mode().Reason)
	}
	cgtest.Netns(t)
	root := cgtest.New(t)
	c, err := m.AttachLedger(root)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	child := cgtest.Child(t, root, "child")
	grandchild := cgtest.Child(t, child, "grandchild")
	ids := []uint64{c.ID}
	for _, dir := range []string{child, grandchild} {
		id, err := cgroup.ID(dir)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	attached := attach(t, m, child) // no ledger of its own, so nothing is counted twice
	cgtest.Datagrams(t, root, root, "127.0.0.1", 1, 100)
	p := cgtest.Connect(t, grandchild, "[::1]:0", child, "::1")
	p.Echo(t, 500_000)
	p.Close(t)
	cgtest.Remove(t, grandchild)
	if _, err := attached.Read(); err != nil {
		t.Fatal(err)
	}

	var sum account.Counters
	for i, id := range ids {
		got := own(t, m, id)
		if got.Egress.Total().Packets == 0 {
			t.Errorf("cgroup %d has no traffic in the ledger", i)
		}
		sum = sum.Add(got)
	}
	if diff := cmp.Diff(read(t, c), sum); diff != "" {
		t.Errorf("ledger (+) is not what the root has counted (-):\n%s", diff)
	}
	got, err := m.Entries()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(ids)
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := m.Forget(ids[0]); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(account.Counters{}, own(t, m, ids[0])); diff != "" {
		t.Errorf("forgotten (-want +got):\n%s", diff)
	}
}

// TestNoLedger: who did not ask for one gets nothing, and no errors.
func TestNoLedger(t *testing.T) {
	m := load(t, account.Options{})
	c, err := m.AttachLedger(cgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ids, err := m.Entries()
	if err != nil || len(ids) > 0 || m.Mode().Ledger || m.Forget(c.ID) != nil {
		t.Errorf("got entries %v, %v", ids, err)
	}
	if diff := cmp.Diff(account.Counters{}, own(t, m, c.ID)); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
}
