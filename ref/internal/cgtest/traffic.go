package cgtest

import (
	"io"
	"net"
	"testing"
)

// Pair is a TCP connection whose ends are in cgroups of their own.
type Pair struct {
	Client, Server *net.TCPConn
}

// Connect makes a TCP connection from a socket made in the cgroup client to a
// listener made in the cgroup server, which the accepted end inherits. listen
// and dial are addresses such as "[::]:0" and "127.0.0.1"; the port is added.
func Connect(tb testing.TB, server, listen, client, dial string) Pair {
	tb.Helper()
	return ConnectAcross(tb, nil, server, listen, client, dial)
}

// ConnectAcross is Connect with the listener in the network namespace ns.
func ConnectAcross(tb testing.TB, ns *Namespace, server, listen, client, dial string) Pair {
	tb.Helper()
	var l net.Listener
	var c net.Conn
	var err error
	ns.Do(tb, func() {
		In(tb, server, func() { l, err = net.Listen("tcp", listen) })
	})
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	In(tb, client, func() { c, err = net.Dial("tcp", net.JoinHostPort(dial, port)) })
	if err != nil {
		tb.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	return Pair{c.(*net.TCPConn), s.(*net.TCPConn)}
}

// Echo sends n bytes from the client to the server and back.
func (p Pair) Echo(tb testing.TB, n int) {
	tb.Helper()
	errs := make(chan error, 2)
	go func() {
		_, err := io.CopyN(p.Server, struct{ io.Reader }{p.Server}, int64(n))
		errs <- err
	}()
	go func() {
		_, err := p.Client.Write(make([]byte, n))
		errs <- err
	}()
	got, err := io.CopyN(io.Discard, p.Client, int64(n))
	if err != nil {
		tb.Fatalf("read echo: %d of %d bytes: %v", got, n, err)
	}
	for range 2 {
		if err := <-errs; err != nil {
			tb.Fatalf("echo: %v", err)
		}
	}
}

// Close ends the connection so that every packet of the ending meets a full
// socket: those that meet one in TIME_WAIT belong to no cgroup.
func (p Pair) Close(tb testing.TB) {
	tb.Helper()
	for _, end := range []*net.TCPConn{p.Client, p.Server} {
		if err := end.CloseWrite(); err != nil {
			tb.Fatalf("half-close: %v", err)
		}
	}
	for _, end := range []*net.TCPConn{p.Client, p.Server} {
		if _, err := io.Copy(io.Discard, end); err != nil {
			tb.Fatalf("wait for end: %v", err)
		}
		end.Close()
	}
}

// Datagrams sends count UDP datagrams of size bytes from a socket made in the
// cgroup client to one made in the cgroup server at the IP address ip, and waits
// until they have arrived.
func Datagrams(tb testing.TB, server, client, ip string, count, size int) {
	tb.Helper()
	var s, c net.Conn
	var err error
	In(tb, server, func() { s, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)}) })
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	In(tb, client, func() { c, err = net.Dial("udp", s.LocalAddr().String()) })
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, size+1)
	for range count { // one at a time: none is dropped for want of room
		if _, err := c.Write(buf[:size]); err != nil {
			tb.Fatal(err)
		}
		if n, err := s.Read(buf); err != nil || n != size {
			tb.Fatalf("receive datagram: %d of %d bytes: %v", n, size, err)
		}
	}
}
