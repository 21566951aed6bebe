package traffic

import (
	"strings"
	"testing"
	"time"
)

const patience = 5 * time.Second

func message(proto, to string, size int) Message {
	return Message{Proto: proto, To: to, Size: size, Count: 1, Patience: patience, Slowdown: 1}
}

// A byte that is lost, doubled or moved is seen as wrong.
func TestPatternTellsPlacesApart(t *testing.T) {
	const size = 300_000
	b := make([]byte, size)
	fill(b, 0)
	if n := wrong(b, 0); n != 0 {
		t.Fatalf("%d bytes of the stream itself are wrong", n)
	}
	for _, shift := range []int{1, 2, 255, 256, 1448, 4096, 65536, 65537, 131072} {
		if n := wrong(b[:size-shift], shift); n < (size-shift)/2 {
			t.Errorf("moved by %d, only %d of %d bytes are wrong", shift, n, size-shift)
		}
	}
}

func listenOn(t *testing.T, proto, addr string, echo bool) *Sink {
	t.Helper()
	s, err := Listen(proto, addr, echo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func await(t *testing.T, s *Sink, ok func(Counts) bool) Counts {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // polling
		c := s.Counts()
		if ok(c) {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %+v after %v", c, patience)
		}
	}
}

func TestStream(t *testing.T) {
	s := listenOn(t, TCP, "127.0.0.1:28080", false)
	for _, size := range []int{0, 1, 65536, 1_000_001} {
		before := s.Counts()
		sent, err := Send(message(TCP, "127.0.0.1:28080", size))
		if err != nil || sent != (Sent{1, size, 0}) {
			t.Errorf("send %d: %+v, %v", size, sent, err)
		}
		// The peer has ended the connection, so it has read all of it.
		after := s.Counts()
		if after.Bytes-before.Bytes != size || after.Conns-before.Conns != 1 || after.Ended-before.Ended != 1 || after.Wrong != 0 {
			t.Errorf("send %d: before %+v, after %+v", size, before, after)
		}
	}
}

func TestEchoes(t *testing.T) {
	listenOn(t, TCP, "127.0.0.1:28081", true)
	m := message(TCP, "127.0.0.1:28081", 3_000_000)
	m.Echo = true
	if sent, err := Send(m); err != nil || sent.Echoed != m.Size {
		t.Errorf("stream: %+v, %v; want all back", sent, err)
	}
	s := listenOn(t, UDP, "127.0.0.1:28082", true)
	m = message(UDP, "127.0.0.1:28082", 1000)
	m.Echo, m.Count = true, 5
	if sent, err := Send(m); err != nil || sent.Echoed != 5000 {
		t.Errorf("datagrams: %+v, %v; want all back", sent, err)
	}
	if c := await(t, s, func(c Counts) bool { return c.Packets == 5 }); c.Bytes != 5000 || c.Wrong != 0 {
		t.Errorf("received %+v, want 5000 bytes as they were sent", c)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	listenOn(t, TCP, "127.0.0.1:28083", false)
	s := listenOn(t, UDP, "127.0.0.1:28084", false)
	silent := message(UDP, "127.0.0.1:28084", 1)
	silent.Echo, silent.Patience = true, 20*time.Millisecond
	mute := message(TCP, "127.0.0.1:28083", 10)
	mute.Echo = true
	for _, c := range []struct {
		m    Message
		want string
	}{
		{message("sctp", "127.0.0.1:1", 1), `unknown protocol "sctp"`},
		{message(TCP, "localhost:1", 1), `address "localhost:1": want IP:PORT`},
		{message(ICMP, "127.0.0.1:1", 1), `address "127.0.0.1:1": want an IP address`},
		{message(TCP, "127.0.0.1:28099", 1), "message 1 of 1: connect: connection refused"},
		{mute, "echo: 0 of 10 bytes came back"},
		{silent, "no answer within 20ms"},
	} {
		sent, err := Send(c.m)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %+v, %v; want an error with %q", c.m, sent, err, c.want)
		}
	}
	await(t, s, func(c Counts) bool { return c.Packets == 1 }) // it was heard, and not answered
	if _, err := Listen(ICMP, "127.0.0.1", false); err == nil {
		t.Error("a sink for ICMP was made")
	}
	if _, err := Listen(TCP, "127.0.0.1:28083", false); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("listening twice: %v", err)
	}
}
