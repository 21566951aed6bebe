package whole

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// pollLock is how often a waiting Lock tries again. flock(2) itself can wait,
// but a thread blocked in it cannot be cancelled.
const pollLock = 100 * time.Millisecond

// A Lock is an exclusive lock held by this process.
type Lock struct{ f *os.File }

// TryLock takes the lock file name, making it if need be. It returns a nil
// Lock and the holder, a process id in decimal, if somebody else has it.
func TryLock(name string) (l *Lock, holder string, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, "", err
	}
	for {
		l, holder, err := tryOnce(name)
		if l == nil || err != nil {
			return nil, holder, err
		}
		if l.current(name) {
			// Who holds it is a courtesy to those who wait; the lock is the flock.
			_, _ = l.f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
			return l, "", nil
		}
		l.f.Close() // the last holder removed this file; lock the one there now
	}
}

func tryOnce(name string) (*Lock, string, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, "", err
	}
	err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &Lock{f}, "", nil
	}
	defer f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, "", fmt.Errorf("lock %s: %w", name, err)
	}
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0)
	return nil, strings.TrimSpace(string(b[:n])), nil
}

// current tells whether the locked file is still the one called name.
func (l *Lock) current(name string) bool {
	mine, err1 := l.f.Stat()
	there, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// Acquire takes the lock file name, waiting for its holder if need be. Before
// it waits, it calls waiting once with the holder's process id.
func Acquire(ctx context.Context, name string, waiting func(holder string)) (*Lock, error) {
	tick := time.NewTicker(pollLock)
	defer tick.Stop()
	for told := false; ; {
		l, holder, err := TryLock(name)
		if l != nil || err != nil {
			return l, err
		}
		if !told {
			waiting(holder)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for process %s to release %s: %w", holder, filepath.Base(name), context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// Release gives the lock up and removes its file. Those who wait have the
// removed file open; they notice, in current, that it is not the one to lock.
func (l *Lock) Release() error {
	return errors.Join(os.Remove(l.f.Name()), l.f.Close())
}

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			return err
		}
	}
}
