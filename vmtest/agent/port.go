package main

import (
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// port is the control port, read and written with plain system calls. A read of
// no bytes means that the host's end is closed, as a clone sees for a moment.
type port struct {
	fd      int
	writing sync.Mutex // a write takes 32 KiB at most: two writers would mix their frames
	out     []byte
}

// openPort waits for the port named "ctl", which a module may still be making.
func openPort() (*port, error) {
	for range 5000 {
		if dev := findPort("ctl"); dev != "" {
			fd, err := unix.Open(dev, unix.O_RDWR|unix.O_CLOEXEC, 0)
			return &port{fd: fd}, err
		}
		time.Sleep(time.Millisecond)
	}
	return nil, &os.PathError{Op: "find", Path: "virtio port ctl", Err: unix.ENODEV}
}

func findPort(name string) string {
	const class = "/sys/class/virtio-ports/"
	ports, _ := os.ReadDir(class)
	for _, p := range ports {
		b, _ := os.ReadFile(class + p.Name() + "/name")
		if strings.TrimSpace(string(b)) == name {
			return "/dev/" + p.Name()
		}
	}
	return ""
}

// Read implements io.Reader. It keeps the Go scheduler out of it: a thread that
// nobody needs to wake is what makes the first answer of a clone quick.
func (p *port) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(p.fd, b)
		switch {
		case n > 0:
			return n, nil
		case err == nil || err == unix.EINTR || err == unix.EAGAIN:
			time.Sleep(time.Millisecond)
		default:
			return 0, err
		}
	}
}

// send writes one frame.
func (p *port) send(f wire.Frame) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.out = f.Append(p.out[:0])
	for b := p.out; len(b) > 0; {
		n, err := unix.Write(p.fd, b)
		switch {
		case n > 0:
			b = b[n:]
		case err == nil || err == unix.EINTR || err == unix.EAGAIN:
			time.Sleep(time.Millisecond)
		default:
			return err
		}
	}
	return nil
}

// done answers a request that is not a command.
func (p *port) done(id uint16, err error) {
	f := wire.Frame{Type: wire.Done, ID: id}
	if err != nil {
		f.Body = []byte(err.Error())
	}
	die("write control port", p.send(f))
}
