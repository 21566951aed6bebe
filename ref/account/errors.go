package account

import (
	"errors"

	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// Errors that callers tell apart, besides those of the fs package.
var (
	// ErrNotCgroup2 is returned for a path that is no cgroup v2 directory.
	ErrNotCgroup2 = cgroup.ErrNotCgroup2
	// ErrNoCgroup2 is returned where no cgroup v2 hierarchy is mounted.
	ErrNoCgroup2 = cgroup.ErrNoCgroup2
	// ErrGone is returned for a cgroup that has been removed.
	ErrGone = cgroup.ErrGone
	// ErrExclusive is returned where the cgroup or an ancestor holds a program
	// that tolerates no other.
	ErrExclusive = cgroup.ErrExclusive
	// ErrOverrides is returned where accounting a cgroup would switch off
	// another program for it.
	ErrOverrides = cgroup.ErrOverrides
	// ErrPrivileges is returned when the process lacks capabilities.
	ErrPrivileges = errors.New("not enough privileges")
	// ErrUnsupported is returned when the kernel cannot do what was asked for.
	ErrUnsupported = errors.New("not supported by this kernel")
)
