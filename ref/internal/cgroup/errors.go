package cgroup

import "errors"

// Errors that callers tell apart; all are wrapped with the path concerned.
var (
	// ErrNotCgroup2 is returned for a path that is no cgroup v2 directory.
	ErrNotCgroup2 = errors.New("not a cgroup v2 directory")
	// ErrNoCgroup2 is returned where no cgroup v2 hierarchy is mounted.
	ErrNoCgroup2 = errors.New("no cgroup v2 hierarchy is mounted")
	// ErrGone is returned for a cgroup that has been removed.
	ErrGone = errors.New("the cgroup was removed")
	// ErrExclusive is returned by Attach where the cgroup or an ancestor holds
	// a program that tolerates no other (attached without flags).
	ErrExclusive = errors.New("another program is attached exclusively")
	// ErrOverrides is returned by Attach where attaching would switch off an
	// ancestor's program for this cgroup (attached with BPF_F_ALLOW_OVERRIDE).
	ErrOverrides = errors.New("attaching would switch off another program")
)
