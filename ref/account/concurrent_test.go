package account_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
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
			before := cgtest.Count(t, "lo")
			const senders, count = 4, 20_000
			flood(t, dir, senders, count)
			cgtest.Eventually(t, "egress and lo agree", func() error {
				lo := cgtest.Count(t, "lo").Sub(before)
				got := read(t, c).Egress.Total()
				if lo.TxPackets != senders*count || got.Packets != lo.TxPackets || got.Bytes != lo.TxBytes {
					return fmt.Errorf("got %d packets, %d bytes; lo carried %d, %d; sent %d",
						got.Packets, got.Bytes, lo.TxPackets, lo.TxBytes, senders*count)
				}
				return nil
			})
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
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			p.Echo(t, 200_000)
		}
	}()
	var last account.Counters
	reads := 0
	for running := true; running; reads++ {
		select {
		case <-done:
			running = false
		default:
		}
		now := read(t, c)
		for _, f := range []struct{ was, is account.Tally }{
			{last.Ingress.IPv4, now.Ingress.IPv4}, {last.Egress.IPv4, now.Egress.IPv4},
		} {
			if f.is.Packets < f.was.Packets || f.is.Bytes < f.was.Bytes || f.is.WireBytes < f.was.WireBytes {
				t.Fatalf("read %d: %+v after %+v", reads, f.is, f.was)
			}
			if f.is.Bytes < 40*f.is.Packets {
				t.Fatalf("read %d: %d bytes in %d packets", reads, f.is.Bytes, f.is.Packets)
			}
		}
		last = now
	}
	if reads < 10 {
		t.Errorf("only %d reads: that was no test", reads)
	}
	p.Close(t)
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
