package account_test

import (
	"fmt"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestWireBytes compares with a capture behind segmentation, which veth leaves to
// software here: what left the device is what was counted at the egress hook
// before, to the byte and segment.
func TestWireBytes(t *testing.T) {
	for _, tt := range []struct {
		name, listen, dial string
		gsoMax             int
	}{
		{"ipv4", "10.9.0.2:0", "10.9.0.2", 0},
		{"ipv6", "[fd09::2]:0", "fd09::2", 0},
		{"ipv4-big", "10.9.0.2:0", "10.9.0.2", 200_000},
		{"ipv6-big", "[fd09::2]:0", "fd09::2", 200_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, account.Options{})
			if !m.Mode().Segments {
				t.Skip(m.Mode().Reason)
			}
			server, client := cgtest.New(t), cgtest.New(t)
			cgtest.Netns(t)
			peer := vethPair(t, tt.gsoMax)
			c := attach(t, m, client)
			near, err := netlink.LinkByName("near")
			if err != nil {
				t.Fatal(err)
			}
			wire := cgtest.Hear(t, near.Attrs().Index)
			p := cgtest.ConnectAcross(t, peer, server, tt.listen, client, tt.dial)
			p.Echo(t, 3_000_000)
			p.Close(t)

			var heard figures
			cgtest.Eventually(t, "egress and wire agree", func() error {
				packets, bytes := wire.TCP(t)
				heard.Packets += packets
				heard.Bytes += bytes
				out := read(t, c).Egress.Total()
				if diff := cmp.Diff(heard, figures{out.Segments, out.WireBytes}); diff != "" {
					return fmt.Errorf("segments of egress (+) are not what left the device (-):\n%s", diff)
				}
				return nil
			})
			if out := read(t, c).Egress.Total(); out.Segments < 5*out.Packets {
				t.Errorf("%d packets became %d segments: that was no test of segmentation", out.Packets, out.Segments)
			}
		})
	}
}

type figures struct{ Packets, Bytes uint64 }

// vethPair makes the interface "near" here with 10.9.0.1 and fd09::1, its other
// end in a namespace with .2, and turns segmentation offload off at near: the
// stack does it itself. It returns the other namespace.
func vethPair(t *testing.T, gsoMax int) *cgtest.Namespace {
	t.Helper()
	there := cgtest.SecondNetns(t)
	veth := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: "near", MTU: 1500}, PeerName: "far",
		PeerNamespace: netlink.NsFd(there.FD()),
	}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Skipf("make veth: %v", err)
	}
	if gsoMax > 0 {
		if err := netlink.LinkSetGSOMaxSize(veth, gsoMax); err != nil {
			t.Skipf("no BIG TCP: %v", err)
		}
		if err := netlink.LinkSetGSOIPv4MaxSize(veth, gsoMax); err != nil {
			t.Skipf("no BIG TCP: %v", err)
		}
	}
	cgtest.Offload(t, "near", unix.ETHTOOL_STSO, 0)
	configure(t, "near", "10.9.0.1/24", "fd09::1/64")
	there.Do(t, func() { configure(t, "far", "10.9.0.2/24", "fd09::2/64") })
	return there
}

func configure(t *testing.T, name string, addrs ...string) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		addr, err := netlink.ParseAddr(a)
		if err != nil {
			t.Fatal(err)
		}
		addr.Flags = unix.IFA_F_NODAD
		if err := netlink.AddrAdd(link, addr); err != nil {
			t.Fatalf("add %s to %s: %v", a, name, err)
		}
	}
	cgtest.Up(t, name)
}
