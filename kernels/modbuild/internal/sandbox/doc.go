// Package sandbox runs a command in a root directory of its own, made of
// directories laid over each other, without being root.
//
// The command gets new user, mount and process name spaces (user_namespaces(7)), in
// which it is root of nothing but itself: what is laid out is read-only but
// for what is named, and nothing of it, nor any process it leaves, outlives it.
//
// A process must be set up inside of the name spaces before the command is
// executed in it, and a Go program cannot run code between the two. So the
// program executes itself, under a name that this package's init recognises.
package sandbox

import (
	"errors"
	"fmt"
)

// A Root describes a root directory.
type Root struct {
	// Layers are directories whose contents are all there; where two have
	// something other than directories of one name, the first one's is.
	Layers []string
	// Binds are further files and directories.
	Binds []Bind
	// Links are symbolic links, in directories that no layer has: targets by
	// their absolute names.
	Links map[string]string
}

// A Bind makes a file or directory of the host visible in a Root, in a place where
// no layer has anything.
type Bind struct {
	Host, Guest string
	Write       bool // it can be written to
}

// ErrUnavailable tells that this host does not let us make name spaces.
var ErrUnavailable = errors.New("no sandbox")

// A SetupError is a root directory that could not be made.
type SetupError struct{ Reason string }

// Error implements error.
func (e *SetupError) Error() string { return "set up sandbox: " + e.Reason }

// unavailable wraps what the kernel said in advice.
func unavailable(err error) error {
	return fmt.Errorf("%w: %w\nallow user namespaces (sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000;\non Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0), or run as root", ErrUnavailable, err)
}
