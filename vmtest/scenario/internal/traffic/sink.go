package traffic

import (
	"fmt"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A Sink receives. Its methods are safe for concurrent use.
type Sink struct {
	proto    string
	echo     bool
	listener *os.File

	mu     sync.Mutex
	counts Counts
}

// Counts is what a sink has received so far.
type Counts struct {
	Conns   int // TCP connections accepted
	Ended   int // of those, ended by their peer
	Packets int // datagrams, or for TCP reads
	Bytes   int
	Wrong   int // bytes that are not what Send sends at their place
}

// Listen makes a sink on the calling thread. It listens when Listen returns. The
// address [::] takes IPv4 as well. With echo it sends everything back.
func Listen(proto, addr string, echo bool) (*Sink, error) {
	if proto == ICMP {
		return nil, fmt.Errorf("listen: icmp is answered by the kernel, there is nothing to start")
	}
	a, err := parseAddr(proto, addr)
	if err != nil {
		return nil, err
	}
	fd, err := socket(proto, a)
	if err != nil {
		return nil, err
	}
	if err := listen(fd, proto, a); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("listen on %s %s: %w", proto, addr, err)
	}
	s := &Sink{proto: proto, echo: echo, listener: os.NewFile(uintptr(fd), "listener")}
	if proto == TCP {
		go s.accept()
	} else {
		go s.receive()
	}
	return s, nil
}

// queueBytes is room for what comes before a slow machine gets to read it.
const queueBytes = 8 << 20

func listen(fd int, proto string, a netip.AddrPort) error {
	sa, err := sockaddr(a)
	if err != nil {
		return err
	}
	if a.Addr().Is6() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return err
		}
	}
	if proto == UDP {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, queueBytes) // the default does for most
	} else if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, sa); err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	if proto == UDP {
		return nil
	}
	return unix.Listen(fd, 128)
}

// Counts returns what has come so far.
func (s *Sink) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Close ends the sink. Connections that are open stay until their peer ends them.
func (s *Sink) Close() error { return s.listener.Close() }

func (s *Sink) count(add func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.counts)
}

// accept takes connections until the sink is closed.
func (s *Sink) accept() {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return
	}
	for {
		fd := -1
		err := raw.Read(func(listener uintptr) bool {
			var e error
			fd, _, e = unix.Accept4(int(listener), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			return e != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if fd >= 0 {
			s.count(func(c *Counts) { c.Conns++ })
			go s.serve(os.NewFile(uintptr(fd), "connection"))
		}
	}
}

// serve reads a connection to its end and answers it with ours.
func (s *Sink) serve(conn *os.File) {
	defer conn.Close()
	buf := make([]byte, 64<<10)
	place := 0
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			s.count(func(c *Counts) {
				c.Packets++
				c.Bytes += n
				c.Wrong += wrong(buf[:n], place)
			})
			place += n
		}
		if n > 0 && s.echo {
			if _, err := conn.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			s.count(func(c *Counts) { c.Ended++ })
			return
		}
	}
}

// receive takes datagrams until the sink is closed.
func (s *Sink) receive() {
	raw, err := s.listener.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 64<<10)
	for {
		var n int
		var from unix.Sockaddr
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, from, failed = unix.Recvfrom(int(fd), buf, 0)
			return failed != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if failed != nil {
			continue // an ICMP error for an echo of ours
		}
		s.count(func(c *Counts) {
			c.Packets++
			c.Bytes += n
			c.Wrong += wrong(buf[:n], 0)
		})
		if s.echo {
			_ = raw.Write(func(fd uintptr) bool { return unix.Sendto(int(fd), buf[:n], 0, from) != unix.EAGAIN })
		}
	}
}
