package account_test

import (
	"errors"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
)

// TestNested: a parent counts its descendants' traffic and its own, also after
// programs were attached below it.
func TestNested(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			m := load(t, mode.opts)
			cgtest.Netns(t)
			parent := cgtest.New(t)
			left, right := cgtest.Child(t, parent, "left"), cgtest.Child(t, parent, "right")
			p := attach(t, m, parent)
			cgtest.Datagrams(t, left, left, "127.0.0.1", 3, 10)
			first := read(t, p)
			if got := first.Egress.IPv4.Packets; got != 3 {
				t.Fatalf("parent counted %d packets of its child, want 3", got)
			}

			l, r := attach(t, m, left), attach(t, m, right)
			cgtest.Datagrams(t, left, right, "127.0.0.1", 5, 100)
			cgtest.Datagrams(t, right, right, "::1", 7, 200)
			cgtest.Datagrams(t, parent, left, "127.0.0.1", 11, 300)
			cgtest.Datagrams(t, parent, parent, "::1", 13, 400)
			got := []uint64{
				read(t, l).Ingress.IPv4.Packets, read(t, l).Egress.IPv4.Packets, read(t, l).Ingress.IPv6.Packets,
				read(t, r).Ingress.IPv6.Packets, read(t, r).Egress.IPv4.Packets, read(t, r).Egress.IPv6.Packets,
			}
			// Datagrams go to its first cgroup from its second.
			if diff := cmp.Diff([]uint64{5, 11, 0, 7, 5, 7}, got); diff != "" {
				t.Errorf("packets of the children (-want +got):\n%s", diff)
			}
			total := read(t, p).Sub(first)
			own := total.Sub(read(t, l)).Sub(read(t, r))
			if got, want := own.Ingress.IPv4.Packets, uint64(11); got != want {
				t.Errorf("parent's own IPv4 packets received: got %d, want %d", got, want)
			}
			if got, want := own.Egress.IPv6.Packets, uint64(13); got != want {
				t.Errorf("parent's own IPv6 packets sent: got %d, want %d", got, want)
			}
			if got, want := total.Egress.Total().Packets, uint64(5+7+11+13); got != want {
				t.Errorf("parent's packets sent: got %d, want %d", got, want)
			}
		})
	}
}

// TestMeters: several users of the package count the same cgroup, each from when
// it began, whatever the others do.
func TestMeters(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			one, two := load(t, mode.opts), load(t, mode.opts)
			cgtest.Netns(t)
			dir := cgtest.New(t)
			a := attach(t, one, dir)
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 2, 10)
			b := attach(t, two, dir)
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 3, 10)
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 5, 10)
			if got := read(t, b).Egress.IPv4.Packets; got != 3+5 {
				t.Errorf("second meter: got %d packets, want 8", got)
			}
			again := attach(t, one, dir)
			cgtest.Datagrams(t, dir, dir, "127.0.0.1", 7, 10)
			if got := read(t, again).Egress.IPv4.Packets; got != 7 {
				t.Errorf("first meter, attached again: got %d packets, want 7", got)
			}
		})
	}
}

// TestMovedProcess: a socket stays with the cgroup it was created in.
func TestMovedProcess(t *testing.T) {
	m := load(t, account.Options{})
	cgtest.Netns(t)
	from, to := cgtest.New(t), cgtest.New(t)
	f, o := attach(t, m, from), attach(t, m, to)
	p := cgtest.Connect(t, from, "127.0.0.1:0", from, "127.0.0.1")
	before := read(t, f).Egress.Total().Bytes
	cgtest.In(t, to, func() { p.Echo(t, 1000) })
	p.Close(t)
	if got := read(t, f).Egress.Total().Bytes - before; got < 2000 {
		t.Errorf("old cgroup: got %d bytes, want more than the 2000 of the echo", got)
	}
	if diff := cmp.Diff(account.Counters{}, read(t, o)); diff != "" {
		t.Errorf("new cgroup (-want +got):\n%s", diff)
	}
}

// TestRemoved: what was sent is there until the last socket is closed, whatever
// becomes of the cgroup; afterwards reading says so.
func TestRemoved(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			m := load(t, mode.opts)
			cgtest.Netns(t)
			parent := cgtest.New(t)
			dir := cgtest.Child(t, parent, "dying")
			c := attach(t, m, dir)
			p := cgtest.Connect(t, dir, "127.0.0.1:0", dir, "127.0.0.1")
			cgtest.Remove(t, dir)
			before := read(t, c)
			p.Echo(t, 1000)
			got := read(t, c).Sub(before)
			if got.Egress.IPv4.Bytes < 2000 {
				t.Errorf("after removal: got %d bytes, want more than 2000", got.Egress.IPv4.Bytes)
			}
			p.Close(t)
			cgtest.Eventually(t, "counters freed", func() error {
				if _, err := c.Read(); !errors.Is(err, account.ErrGone) {
					return errors.New("still there")
				}
				return nil
			})
			if err := c.Close(); err != nil {
				t.Errorf("close after removal: %v", err)
			}
			// The same path is another cgroup now.
			again := attach(t, m, cgtest.Child(t, parent, "dying"))
			if again.ID == c.ID {
				t.Errorf("id %d was used again", c.ID)
			}
			if diff := cmp.Diff(account.Counters{}, read(t, again)); diff != "" {
				t.Errorf("new cgroup at the same path (-want +got):\n%s", diff)
			}
		})
	}
}
