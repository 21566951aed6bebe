package cgtest

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Netns moves the test into a new network namespace with loopback up. It binds
// the test to its thread for good: the thread ends with it.
func Netns(tb testing.TB) {
	tb.Helper()
	Root(tb)
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		tb.Fatalf("make network namespace: %v", err)
	}
	Up(tb, "lo")
}

// Up sets an interface up.
func Up(tb testing.TB, name string) {
	tb.Helper()
	link, err := netlink.LinkByName(name)
	if err != nil {
		tb.Fatalf("find %s: %v", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		tb.Fatalf("set %s up: %v", name, err)
	}
}

// Device is what the kernel counted at an interface. On loopback, bytes are
// those of the IP packets; elsewhere the link-layer header is included.
type Device struct {
	RxBytes, RxPackets, TxBytes, TxPackets uint64
}

// Sub returns d minus o, an earlier reading.
func (d Device) Sub(o Device) Device {
	return Device{d.RxBytes - o.RxBytes, d.RxPackets - o.RxPackets, d.TxBytes - o.TxBytes, d.TxPackets - o.TxPackets}
}

// Count reads the counters of an interface in the test's namespace.
func Count(tb testing.TB, name string) Device {
	tb.Helper()
	f, err := os.Open("/proc/thread-self/net/dev")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		dev, rest, ok := strings.Cut(s.Text(), ":")
		if !ok || strings.TrimSpace(dev) != name {
			continue
		}
		var d Device
		var skip uint64
		_, err := fmt.Sscan(rest, &d.RxBytes, &d.RxPackets, &skip, &skip, &skip, &skip, &skip, &skip, &d.TxBytes, &d.TxPackets)
		if err != nil {
			tb.Fatalf("parse counters of %s: %v", name, err)
		}
		return d
	}
	tb.Fatalf("no interface %s", name)
	return Device{}
}
