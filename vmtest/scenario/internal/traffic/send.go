package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A Message says what to send.
type Message struct {
	Proto string // TCP, UDP or ICMP
	To    string // IP:PORT, for ICMP an IP address
	From  string // the same, or "" for the kernel's choice
	Size  int    // bytes: a TCP connection's, a datagram's, an ICMP echo's payload
	Count int    // connections, datagrams or echo requests, one after the other
	// Echo expects all bytes back. ICMP always does.
	Echo bool
	// Patience is how long to wait for the peer at any time, on a machine of
	// ordinary speed; Slowdown is how many times slower this one is.
	Patience time.Duration
	Slowdown float64
}

// wait is how long to wait here.
func (m Message) wait() time.Duration { return time.Duration(float64(m.Patience) * m.Slowdown) }

// Sent is what came of sending.
type Sent struct {
	Messages int // sent
	Bytes    int // sent, without headers
	Echoed   int // bytes that came back as they were sent
}

// Send sends from the calling thread: TCP over a connection for each message,
// others from one socket. TCP returns when the peer has ended the connection after
// reading all of it; a datagram is only handed to the kernel, unless its echo is
// waited for.
func Send(m Message) (Sent, error) {
	var done Sent
	to, err := parseAddr(m.Proto, m.To)
	if err != nil {
		return done, err
	}
	send := func() (int, error) { return connection(m, to) }
	if m.Proto != TCP {
		fd, err := connected(m, to)
		if err != nil {
			return done, fmt.Errorf("%s to %s: %w", m.Proto, m.To, err)
		}
		defer unix.Close(fd)
		send = func() (int, error) {
			if m.Proto == ICMP {
				return ping(fd, m, to, uint16(done.Messages+1))
			}
			return datagram(fd, m)
		}
	}
	for range m.Count {
		echoed, err := send()
		if err != nil {
			return done, fmt.Errorf("%s to %s: message %d of %d: %w", m.Proto, m.To, done.Messages+1, m.Count, err)
		}
		done.Messages++
		done.Bytes += m.Size
		done.Echoed += echoed
	}
	return done, nil
}

// connection sends a message over a connection of its own.
func connection(m Message, to netip.AddrPort) (echoed int, err error) {
	fd, err := connected(m, to)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return stream(fd, m)
}

// connected returns a socket bound and connected as the message says.
func connected(m Message, to netip.AddrPort) (fd int, err error) {
	fd, err = socket(m.Proto, to)
	if errors.Is(err, unix.EACCES) && m.Proto == ICMP {
		if err = allowPing(); err == nil {
			fd, err = socket(m.Proto, to)
		}
	}
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	limit := unix.NsecToTimeval(m.wait().Nanoseconds())
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} { // the latter limits connect too
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit); err != nil {
			return -1, err
		}
	}
	if err := bind(fd, m); err != nil {
		return -1, err
	}
	sa, err := sockaddr(to)
	if err != nil {
		return -1, err
	}
	err = retry(func() error { return unix.Connect(fd, sa) })
	if err == unix.EINPROGRESS {
		err = fmt.Errorf("no answer within %v", m.Patience)
	}
	if err != nil {
		return -1, fmt.Errorf("connect: %w", err)
	}
	return fd, nil
}

func bind(fd int, m Message) error {
	if m.From == "" {
		return nil
	}
	from, err := parseAddr(m.Proto, m.From)
	if host, bad := netip.ParseAddr(m.From); err != nil && bad == nil {
		from, err = netip.AddrPortFrom(host, 0), nil
	}
	if err != nil {
		return err
	}
	sa, err := sockaddr(from)
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err != nil {
		return fmt.Errorf("bind to %s: %w", m.From, err)
	}
	return nil
}

// allowPing lets anybody in this network namespace make ICMP sockets, as
// distributions do. A raw socket would need no permission, but takes copies of all
// ICMP packets, which whoever counts would count.
func allowPing() error {
	return os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte("0 2147483647"), 0)
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// stream sends the message and reads what comes back, both at once, until the peer
// ends the connection.
func stream(fd int, m Message) (echoed int, err error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return 0, err
	}
	if m.Size == 0 {
		if err := unix.Shutdown(fd, unix.SHUT_WR); err != nil {
			return 0, err
		}
	}
	out, in := make([]byte, min(m.Size, 64<<10)), make([]byte, 64<<10)
	sent := 0
	for {
		events := int16(unix.POLLIN)
		if sent < m.Size {
			events |= unix.POLLOUT
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: events}}
		var n int
		err := retry(func() (e error) { n, e = unix.Poll(ready, int(m.wait().Milliseconds())); return e })
		if err != nil {
			return echoed, err
		}
		if n == 0 {
			return echoed, fmt.Errorf("sent %d of %d bytes, got %d back, then nothing for %v", sent, m.Size, echoed, m.Patience)
		}
		if ready[0].Revents&unix.POLLOUT != 0 && sent < m.Size {
			if sent, err = push(fd, out, sent, m.Size); err != nil {
				return echoed, err
			}
		}
		if ready[0].Revents&^unix.POLLOUT == 0 {
			continue
		}
		var end bool
		if echoed, end, err = pull(fd, in, echoed); err != nil || end {
			return echoed, endOfStream(m, sent, echoed, err)
		}
	}
}

// push writes the next bytes and, after the last, ends our side.
func push(fd int, buf []byte, sent, size int) (int, error) {
	chunk := buf[:min(len(buf), size-sent)]
	fill(chunk, sent)
	n, err := unix.Write(fd, chunk)
	if err == unix.EAGAIN || err == unix.EINTR {
		return sent, nil
	}
	if err != nil {
		return sent, fmt.Errorf("write after %d bytes: %w", sent, err)
	}
	if sent += n; sent == size {
		err = unix.Shutdown(fd, unix.SHUT_WR)
	}
	return sent, err
}

// pull reads what came back.
func pull(fd int, buf []byte, echoed int) (int, bool, error) {
	n, err := unix.Read(fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return echoed, false, nil
	case err != nil:
		return echoed, false, fmt.Errorf("read after %d bytes: %w", echoed, err)
	}
	if bad := wrong(buf[:n], echoed); bad > 0 {
		return echoed, false, fmt.Errorf("echo: %d of the %d bytes after the first %d are wrong", bad, n, echoed)
	}
	return echoed + n, n == 0, nil
}

func endOfStream(m Message, sent, echoed int, err error) error {
	switch {
	case err != nil:
		return err
	case sent < m.Size:
		return fmt.Errorf("the peer ended it after %d of %d bytes", sent, m.Size)
	case m.Echo && echoed != sent:
		return fmt.Errorf("echo: %d of %d bytes came back", echoed, sent)
	}
	return nil
}

func datagram(fd int, m Message) (echoed int, err error) {
	buf := make([]byte, m.Size)
	fill(buf, 0)
	if err := retry(func() error { return unix.Send(fd, buf, 0) }); err != nil {
		return 0, err
	}
	if !m.Echo {
		return 0, nil
	}
	back := make([]byte, m.Size+1)
	n, err := answer(fd, back, m.Patience)
	if err != nil {
		return 0, err
	}
	return n, sameEcho(back[:n], m.Size)
}

func sameEcho(back []byte, size int) error {
	if bad := wrong(back, 0); bad > 0 || len(back) != size {
		return fmt.Errorf("echo: %d bytes of %d came back, %d of them wrong", len(back), size, bad)
	}
	return nil
}

func answer(fd int, buf []byte, patience time.Duration) (n int, err error) {
	err = retry(func() (e error) { n, e = unix.Read(fd, buf); return e })
	if err == unix.EAGAIN {
		err = fmt.Errorf("no answer within %v", patience)
	}
	return n, err
}

const icmpHeader = 8

// ping sends an echo request; the kernel sets its checksum and identifier, and
// gives us the reply to it only.
func ping(fd int, m Message, to netip.AddrPort, sequence uint16) (int, error) {
	request := make([]byte, icmpHeader+m.Size)
	request[0] = 8 // echo request; RFC 792
	if to.Addr().Is6() {
		request[0] = 128 // RFC 4443
	}
	binary.BigEndian.PutUint16(request[6:], sequence)
	fill(request[icmpHeader:], 0)
	if err := retry(func() error { return unix.Send(fd, request, 0) }); err != nil {
		return 0, err
	}
	back := make([]byte, len(request)+1)
	n, err := answer(fd, back, m.Patience)
	if err != nil {
		return 0, err
	}
	if n < icmpHeader {
		return 0, fmt.Errorf("a reply of %d bytes is too short", n)
	}
	return n - icmpHeader, sameEcho(back[icmpHeader:n], m.Size)
}
