package wire

import (
	"errors"
	"io"
	"sync"
)

// A Gate holds a sender back while a whole [Window] of its stream is under way.
type Gate struct {
	mu     sync.Mutex
	change *sync.Cond
	free   int
	closed bool
}

// NewGate returns a gate with a whole window free.
func NewGate() *Gate {
	g := &Gate{free: Window}
	g.change = sync.NewCond(&g.mu)
	return g
}

// Take waits until something may be sent and returns how much of n it is. It
// returns 0 when the gate was closed.
func (g *Gate) Take(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.free <= 0 && !g.closed {
		g.change.Wait()
	}
	if g.closed {
		return 0
	}
	n = min(n, g.free)
	g.free -= n
	return n
}

// Give frees n bytes: the other side has passed them on.
func (g *Gate) Give(n int) {
	g.mu.Lock()
	g.free += n
	g.mu.Unlock()
	g.change.Broadcast()
}

// Close lets no more through and wakes whoever waits.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.change.Broadcast()
}

// ErrGateClosed is what Copy returns when its gate was closed: nobody wants the
// rest of the stream.
var ErrGateClosed = errors.New("stream closed by its reader")

// Copy sends r as the stream s of conversation id, within the gate's credit,
// and ends the stream when r ends.
func Copy(send func(Frame) error, id uint16, s Stream, g *Gate, r io.Reader) error {
	buf := make([]byte, MaxData)
	for {
		n, err := r.Read(buf)
		for p := buf[:n]; len(p) > 0; {
			k := g.Take(len(p))
			if k == 0 {
				return ErrGateClosed
			}
			if err := send(DataFrame(id, s, p[:k])); err != nil {
				return err
			}
			p = p[k:]
		}
		if err == io.EOF {
			return send(DataFrame(id, s, nil))
		}
		if err != nil {
			return errors.Join(err, send(DataFrame(id, s, nil)))
		}
	}
}

// An Inbox holds what has come of a stream until its reader takes it. The
// sender's gate bounds it.
type Inbox struct {
	mu     sync.Mutex
	change *sync.Cond
	chunks [][]byte
	ended  bool
	passed func(n int) // tells the sender what the reader has taken
}

// NewInbox returns an empty inbox that calls passed, without a lock held, for
// what its reader takes.
func NewInbox(passed func(n int)) *Inbox {
	in := &Inbox{passed: passed}
	in.change = sync.NewCond(&in.mu)
	return in
}

// Push adds a piece of the stream; an empty one ends it.
func (in *Inbox) Push(p []byte) {
	in.mu.Lock()
	if len(p) == 0 {
		in.ended = true
	} else if !in.ended {
		in.chunks = append(in.chunks, p)
	}
	in.mu.Unlock()
	in.change.Broadcast()
}

// WriteTo passes the stream on to w until it ends. A w that fails is not asked
// again; the rest is taken and dropped, so that the sender goes on.
func (in *Inbox) WriteTo(w io.Writer) (total int64, err error) {
	for {
		p := in.next()
		if p == nil {
			return total, err
		}
		if err == nil {
			var n int
			n, err = w.Write(p)
			total += int64(n)
		}
		in.passed(len(p))
	}
}

func (in *Inbox) next() []byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.chunks) == 0 && !in.ended {
		in.change.Wait()
	}
	if len(in.chunks) == 0 {
		return nil
	}
	p := in.chunks[0]
	in.chunks = in.chunks[1:]
	return p
}
