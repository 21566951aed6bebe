// Package kfunc loads kernel modules that offer functions to BPF programs, makes sure
// that programs can really call them, and loads such programs.
//
// That insmod succeeds proves little: a module whose type information does not fit
// the kernel is loaded without it, and its functions cannot be called. So [Check]
// looks at what the kernel made of it.
package kfunc

import (
	"errors"
	"fmt"
)

// Errors that callers may want to tell apart, with errors.Is.
var (
	// ErrUnsupported: this kernel takes no kfuncs from modules.
	ErrUnsupported = errors.New("no kfuncs in modules")
	// ErrNotLoaded: the module is not there.
	ErrNotLoaded = errors.New("module is not loaded")
	// ErrLoaded: it was there before.
	ErrLoaded = errors.New("module is loaded already")
	// ErrInUse: programs or maps use it.
	ErrInUse = errors.New("module is in use")
	// ErrRefused: the kernel does not take this file.
	ErrRefused = errors.New("kernel refuses the module")
	// ErrNoFunctions: it is loaded, but its functions cannot be called.
	ErrNoFunctions = errors.New("functions of the module cannot be called")
	// ErrPrivileges: the process may not.
	ErrPrivileges = errors.New("missing privileges")
)

// fault makes an error of a sentinel, a cause, and what to do about it.
func fault(kind error, module, why, advice string) error {
	return fmt.Errorf("module %s: %w: %s\n%s", module, kind, why, advice)
}
