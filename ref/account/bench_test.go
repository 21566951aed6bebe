package account_test

import (
	"net"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// BenchmarkDatagram sends a small datagram over loopback and receives it: with
// nothing attached, and attached at one and two levels. Compare them with each
// other, not with another machine's. Per operation both programs run once for
// each level; prog-ns is what one run took by the kernel's own account.
func BenchmarkDatagram(b *testing.B) {
	for _, bb := range []struct {
		name   string
		opts   account.Options
		levels int
	}{
		{"none", account.Options{}, 0},
		{"percpu/levels=1", account.Options{Storage: account.PerCPU}, 1},
		{"percpu/levels=2", account.Options{Storage: account.PerCPU}, 2},
		{"shared/levels=1", account.Options{Storage: account.Shared}, 1},
		{"plain/levels=1", account.Options{NoSegments: true}, 1},
		{"ledger/levels=1", account.Options{Ledger: true}, 1},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := load(b, bb.opts)
			cgtest.Netns(b)
			parent := cgtest.New(b)
			dir := cgtest.Child(b, parent, "child")
			for _, d := range []string{dir, parent}[:bb.levels] {
				c, err := m.AttachLedger(d)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { c.Close() })
			}
			server, client := datagramSockets(b, dir)
			buf := make([]byte, 64)
			exchange := func() {
				if _, err := unix.Write(client, buf); err != nil {
					b.Fatal(err)
				}
				if _, err := unix.Read(server, buf); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				exchange()
			}
			if bb.levels > 0 {
				b.ReportMetric(runTime(b, m, exchange), "prog-ns")
			}
		})
	}
}

// datagramSockets returns two connected blocking sockets, apart from Go's poller.
func datagramSockets(b *testing.B, dir string) (server, client int) {
	b.Helper()
	cgtest.In(b, dir, func() {
		for _, fd := range []*int{&server, &client} {
			var err error
			if *fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { unix.Close(*fd) })
		}
	})
	if err := unix.Bind(server, &unix.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}); err != nil {
		b.Fatal(err)
	}
	addr, err := unix.Getsockname(server)
	if err != nil {
		b.Fatal(err)
	}
	if err := unix.Connect(client, addr); err != nil {
		b.Fatal(err)
	}
	return server, client
}

// runTime returns the mean duration of a program's run in ns, which includes
// the kernel's own measuring.
func runTime(b *testing.B, m *account.Meter, exchange func()) float64 {
	b.Helper()
	stats, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Logf("no program statistics: %v", err)
		return 0
	}
	defer stats.Close()
	for range 20_000 {
		exchange()
	}
	var runs, ns float64
	for _, p := range m.Programs() {
		s, err := p.Stats()
		if err != nil {
			b.Fatal(err)
		}
		runs += float64(s.RunCount)
		ns += float64(s.Runtime.Nanoseconds())
	}
	return ns / runs
}
