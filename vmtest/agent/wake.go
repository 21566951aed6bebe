package main

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// wake makes this clone differ from its twins: clock, random numbers, and the
// place from which its kernel log counts.
func (s *supervisor) wake(body []byte) error {
	var q wire.WakeBody
	if err := q.Unmarshal(body); err != nil {
		return err
	}
	a := wire.AwakeBody{Nonce: q.Nonce}
	if err := s.renew(q); err != nil {
		a.Err = err.Error()
	}
	if s.kmsg >= 0 {
		_, _ = unix.Seek(s.kmsg, 0, unix.SEEK_END)
	}
	if _, err := unix.Getrandom(a.Random[:], 0); err != nil {
		a.Err = "getrandom: " + err.Error()
	}
	return s.port.send(wire.Frame{Type: wire.Awake, Body: a.Marshal()})
}

func (s *supervisor) renew(q wire.WakeBody) error {
	ts := unix.NsecToTimespec(q.UnixNano)
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &ts); err != nil {
		return err
	}
	return reseed(s.random, q.Seed)
}

// reseed credits fresh bytes and makes the kernel draw a new key from its pool at
// once. Neither alone changes reliably what getrandom(2) returns next: measured
// on 5.10 and 6.1, where clones repeated each other's numbers.
func reseed(fd int, seed [32]byte) error {
	pool := struct { // struct rand_pool_info of linux/random.h
		bits, size int32
		data       [32]byte
	}{8 * 32, 32, seed}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.RNDADDENTROPY, uintptr(unsafe.Pointer(&pool))); e != 0 {
		return e
	}
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.RNDRESEEDCRNG, 0); e != 0 && e != unix.EINVAL { // EINVAL: not there before 4.17
		return e
	}
	return nil
}
