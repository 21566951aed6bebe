// Package enetstl loads the kernel module of that name, a library of functions for
// network functions written in BPF, and tells whether programs can call them and how
// many objects live in it.
//
//	if err := enetstl.Load("enetstl.ko", ""); err != nil { … }
//	defer enetstl.Unload()
//
// What there is to call is stated in kmod/enetstl/enetstl.h; programs include it. Its
// errors say what to do: they wrap those of package ref/internal/kfunc, which are
// repeated here.
package enetstl

import "github.com/assay-lab/assay/ref/internal/kfunc"

// Errors to tell apart, with errors.Is.
var (
	// ErrUnsupported: this kernel takes no kfuncs from modules.
	ErrUnsupported = kfunc.ErrUnsupported
	// ErrNotLoaded: the module is not there.
	ErrNotLoaded = kfunc.ErrNotLoaded
	// ErrLoaded: it was there before.
	ErrLoaded = kfunc.ErrLoaded
	// ErrInUse: programs or maps use it.
	ErrInUse = kfunc.ErrInUse
	// ErrRefused: the kernel does not take the file.
	ErrRefused = kfunc.ErrRefused
	// ErrNoFunctions: it is loaded, but its functions cannot be called.
	ErrNoFunctions = kfunc.ErrNoFunctions
	// ErrPrivileges: the process may not.
	ErrPrivileges = kfunc.ErrPrivileges
)
