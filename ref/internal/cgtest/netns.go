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

// Namespace is a network namespace beside the test's own.
type Namespace struct{ home, there int }

// SecondNetns makes another network namespace, with loopback up.
func SecondNetns(tb testing.TB) *Namespace {
	tb.Helper()
	n := &Namespace{home: openNetns(tb)}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		tb.Fatalf("make network namespace: %v", err)
	}
	Up(tb, "lo")
	n.there = openNetns(tb)
	setns(tb, n.home)
	return n
}

// FD returns a descriptor of the namespace, valid while the test runs.
func (n *Namespace) FD() int { return n.there }

// Do runs f in the namespace. A nil Namespace is the test's own.
func (n *Namespace) Do(tb testing.TB, f func()) {
	tb.Helper()
	if n == nil {
		f()
		return
	}
	setns(tb, n.there)
	defer setns(tb, n.home)
	f()
}

func openNetns(tb testing.TB) int {
	tb.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		tb.Fatalf("open network namespace: %v", err)
	}
	tb.Cleanup(func() { unix.Close(fd) })
	return fd
}

func setns(tb testing.TB, ns int) {
	tb.Helper()
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		tb.Fatalf("enter network namespace: %v", err)
	}
}
