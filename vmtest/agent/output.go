package main

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// output reads what a command writes, with plain system calls on a thread of its
// own. Go's poller would be woken by every write of the command, also while nobody
// wants to read: for a program that writes a line at a time that was fifty times
// slower.
type output struct {
	pipe *os.File
	stop *os.File // readable when no more is to be waited for
	last time.Time
}

// gathering is how long a busy stream is left to fill its pipe.
const gathering = time.Millisecond

// Read implements io.Reader.
func (o *output) Read(b []byte) (int, error) {
	if time.Since(o.last) < 4*gathering {
		ts := unix.NsecToTimespec(int64(gathering))
		_ = unix.Nanosleep(&ts, nil) // cut short by a signal: no harm
	}
	fds := []unix.PollFd{
		{Fd: int32(o.pipe.Fd()), Events: unix.POLLIN},
		{Fd: int32(o.stop.Fd()), Events: unix.POLLIN},
	}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case fds[0].Revents == 0:
			return 0, io.EOF // told to stop, and nothing is left in the pipe
		}
		n, err := unix.Read(int(o.pipe.Fd()), b)
		if err == unix.EINTR {
			continue
		}
		o.last = time.Now()
		if n <= 0 { // closed; EIO is how a terminal says it
			return 0, io.EOF
		}
		return n, nil
	}
}
