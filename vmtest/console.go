package vmtest

import (
	"io"
	"sync"
)

// tail is a writer that keeps the last max bytes. It is safe for concurrent use.
type tail struct {
	mu      sync.Mutex
	max     int
	buf     []byte
	dropped int64
}

// Write implements io.Writer; it never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.max; over > t.max { // trim in large steps, not at every write
		t.dropped += int64(over)
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-t.max):])
}

// Dropped returns how many bytes came before what is kept.
func (t *tail) Dropped() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped + int64(max(0, len(t.buf)-t.max))
}

// console is the machine's serial line: kernel messages of a boot, of a panic, and
// of whatever the agent could not say otherwise.
type console struct {
	tail
	following sync.Mutex
	follow    func(p []byte) // or nil
}

// consoleTail is how much of the console is kept: a panic of a large machine with
// all its stacks is some 30 KB.
const consoleTail = 256 << 10

func newConsole() *console { return &console{tail: tail{max: consoleTail}} }

func (c *console) readFrom(r io.ReadCloser) {
	defer r.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		_, _ = c.Write(buf[:n])
		c.following.Lock()
		if c.follow != nil && n > 0 {
			c.follow(buf[:n])
		}
		c.following.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *console) setFollow(f func(p []byte)) {
	c.following.Lock()
	c.follow = f
	c.following.Unlock()
}
