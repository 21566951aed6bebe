package account_test

import (
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/google/go-cmp/cmp"
)

// flood sends count datagrams from each of several sockets of one cgroup at
// once, from threads that the kernel moves about, and returns when all have left.
func flood(tb testing.TB, dir string, senders, count int) {
	tb.Helper()
	var wg sync.WaitGroup
	for i := range senders {
		var s net.PacketConn
		var c net.Conn
		var err error
		cgtest.In(tb, dir, func() {
			if s, err = net.ListenPacket("udp", "127.0.0.1:0"); err == nil {
				c, err = net.Dial("udp", s.LocalAddr().String())
			}
		})
		if err != nil {
			tb.Fatal(err)
		}
		defer s.Close()
		wg.Go(func() {
			defer c.Close()
			for range count {
				if _, err := c.Write(make([]byte, 1+i)); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestConcurrentSenders: counters lose nothing when CPUs, or a task and a
// softirq, count at once.
func TestConcurrentSenders(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			m := load(t, mode.opts)
			cgtest.Netns(t)
			dir := cgtest.New(t)
			c := attach(t, m, dir)
			const senders, count = 4, 20_000
			flood(t, dir, senders, count)
			// Not compared with lo, which leaves out what its backlog dropped.
			want := account.Tally{Packets: senders * count}
			for i := range senders {
				want.Bytes += uint64(count * (20 + 8 + 1 + i))
			}
			got := read(t, c).Egress.IPv4
			got.Segments, got.WireBytes = 0, 0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("egress (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadDuringTraffic: each figure only grows, and no packet is seen without
// its bytes.
func TestReadDuringTraffic(t *testing.T) {
	m := load(t, account.Options{})
	cgtest.Netns(t)
	dir := cgtest.New(t)
	c := attach(t, m, dir)
	p := cgtest.Connect(t, dir, "127.0.0.1:0", dir, "127.0.0.1")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				p.Echo(t, 200_000)
			}
		}
	}()
	var last account.Counters
	for changes := 0; changes < 1000; {
		now := read(t, c)
		if now == last {
			continue
		}
		changes++
		checkGrowth(t, last.Ingress.IPv4, now.Ingress.IPv4)
		checkGrowth(t, last.Egress.IPv4, now.Egress.IPv4)
		last = now
	}
	close(stop)
	<-done
	p.Close(t)
}

func checkGrowth(t *testing.T, was, is account.Tally) {
	t.Helper()
	if is.Packets < was.Packets || is.Bytes < was.Bytes || is.Segments < was.Segments || is.WireBytes < was.WireBytes {
		t.Errorf("%+v after %+v", is, was)
	}
	const headers = 20 + 20
	if is.Bytes < headers*is.Packets {
		t.Errorf("%d bytes in %d packets", is.Bytes, is.Packets)
	}
}

// TestOfflineCPU: a CPU that goes keeps what it has counted, and one that comes
// counts too. It changes the machine, so it runs only where asked to.
func TestOfflineCPU(t *testing.T) {
	if os.Getenv("ASSAY_CPU_HOTPLUG") == "" {
		t.Skip("takes a CPU offline: set ASSAY_CPU_HOTPLUG=1 in a machine of its own")
	}
	cpus, _ := filepath.Glob("/sys/devices/system/cpu/cpu[1-9]*/online")
	if len(cpus) == 0 {
		t.Skip("no CPU that can go offline")
	}
	m := load(t, account.Options{})
	cgtest.Netns(t)
	dir := cgtest.New(t)
	c := attach(t, m, dir)
	online := func(state string) {
		if err := os.WriteFile(cpus[0], []byte(state), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { online("1") })
	sent := uint64(0)
	for _, state := range []string{"1", "0", "1", "0"} {
		online(state)
		flood(t, dir, 4, 2000)
		sent += 4 * 2000
		if got := read(t, c).Egress.IPv4.Packets; got != sent {
			t.Errorf("CPU online=%s: got %d packets, want %d", state, got, sent)
		}
	}
}
