package place

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const threadNetns = "/proc/thread-self/ns/net"

// newNetns makes a network namespace with its loopback up and leaves the calling
// thread in it. The namespace lives as long as something refers to it.
func newNetns() (fd int, err error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("make network namespace: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return -1, fmt.Errorf("bring up loopback: %w", err)
	}
	fd, err = unix.Open(threadNetns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", threadNetns, err)
	}
	return fd, nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// AddNetns makes a network namespace with its loopback up.
func (w *World) AddNetns(name string) error {
	if name == "" || w.netns[name] != 0 {
		return fmt.Errorf("make network namespace %q: want a new name", name)
	}
	if n := len(w.spare); n > 0 {
		w.netns[name], w.spare = w.spare[n-1], w.spare[:n-1]
		return nil
	}
	fd, err := newNetns()
	if err != nil {
		return err
	}
	w.netns[name] = fd
	return w.backToNetns()
}

// Spare makes network namespaces ahead, for AddNetns to name.
func (w *World) Spare(count int) error {
	for range count {
		fd, err := newNetns()
		if err != nil {
			return errors.Join(err, w.backToNetns())
		}
		w.spare = append(w.spare, fd)
	}
	return w.backToNetns()
}

func (w *World) backToNetns() error {
	return os.NewSyscallError("setns", unix.Setns(w.netns[w.at.netns], unix.CLONE_NEWNET))
}

// Netns returns the descriptor of a network namespace of the scenario; "" is its
// own. The descriptor stays the World's.
func (w *World) Netns(name string) (int, error) {
	fd, ok := w.netns[name]
	if !ok {
		return -1, fmt.Errorf("there is no network namespace %s: make it with netns %s", name, name)
	}
	return fd, nil
}

// InNetns calls f on this thread while it is in another network namespace.
func (w *World) InNetns(name string, f func() error) (err error) {
	fd, err := w.Netns(name)
	if err != nil || name == w.at.netns {
		if err == nil {
			err = f()
		}
		return err
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w", name, err)
	}
	defer func() {
		err = errors.Join(err, w.backToNetns())
	}()
	return f()
}
