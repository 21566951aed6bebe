package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// files are the agent's ends of a command's streams, and the command's own.
type files struct {
	stdin, stdout, stderr *os.File // stderr is nil on a terminal
	terminal, park        *os.File
	child                 []*os.File // the command's standard descriptors and what follows
}

func openFiles(q wire.RunBody) (files, error) {
	if q.TTY {
		return openTerminal(q)
	}
	return openPipes(q.Zygote)
}

func openPipes(zygote bool) (f files, err error) {
	defer func() {
		if err != nil {
			f.closeOurs()
			f.closeTheirs()
		}
	}()
	for i, ours := range []**os.File{&f.stdin, &f.stdout, &f.stderr} {
		var p [2]int
		if err = unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return f, err
		}
		mine, theirs := p[0], p[1]
		if i == 0 {
			mine, theirs = p[1], p[0]
		}
		*ours = os.NewFile(uintptr(mine), "pipe")
		f.child = append(f.child, os.NewFile(uintptr(theirs), "pipe"))
	}
	if zygote {
		err = f.addPark()
	}
	return f, err
}

// addPark gives the command a descriptor 3 to park at (see package guest).
func (f *files) addPark() error {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f.park = os.NewFile(uintptr(p[0]), "park")
	f.child = append(f.child, os.NewFile(uintptr(p[1]), "park"))
	return nil
}

func openTerminal(q wire.RunBody) (f files, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return f, &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err}
	}
	f.terminal = os.NewFile(uintptr(fd), "terminal")
	f.stdin, f.stdout = f.terminal, f.terminal
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(q.Rows), Col: uint16(q.Cols)})
	}
	if err != nil {
		f.closeOurs()
		return f, &os.PathError{Op: "set up", Path: "terminal", Err: err}
	}
	name := "/dev/pts/" + strconv.Itoa(n)
	tty, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		f.closeOurs()
		return f, &os.PathError{Op: "open", Path: name, Err: err}
	}
	t := os.NewFile(uintptr(tty), name)
	f.child = []*os.File{t, t, t}
	return f, nil
}

// theirs are the descriptors the command starts with.
func (f files) theirs() (fds []uintptr) {
	for _, c := range f.child {
		fds = append(fds, c.Fd())
	}
	return fds
}

func (f files) closeTheirs() {
	for _, c := range f.child {
		_ = c.Close()
	}
}

func (f files) closeOurs() {
	for _, o := range []*os.File{f.stdin, f.stdout, f.stderr, f.terminal} {
		if o != nil {
			_ = o.Close()
		}
	}
}

// endInput tells the command that its standard input has ended.
func (f files) endInput() {
	if f.terminal != nil {
		_, _ = f.terminal.Write([]byte{4}) // what a user types for it
		return
	}
	_ = f.stdin.Close()
}
