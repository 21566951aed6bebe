package modbuild

import (
	"fmt"
	"strings"
)

// An UnsupportedError tells that a kernel cannot have a module, whatever is done: found
// out before anything is compiled.
type UnsupportedError struct {
	Kernel string // its release
	Reason string // one line
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("kernel %s cannot have this module: %s", e.Kernel, e.Reason)
}

// ExitCode is the exit status of a command that fails for it: usage.
func (e *UnsupportedError) ExitCode() int { return 2 }

// A CompileError tells that a module did not build: it, not the lab, is at fault.
type CompileError struct {
	Kernel string
	Source string
	Lines  []string // the first that tell what is wrong
	Log    string   // file with all that was printed
}

// Error implements error.
func (e *CompileError) Error() string {
	return fmt.Sprintf("build %s for kernel %s:\n  %s\nall that was printed is in %s", e.Source, e.Kernel, strings.Join(e.Lines, "\n  "), e.Log)
}

// A ToolsError tells that there is nothing here to build with.
type ToolsError struct {
	Kernel string
	Err    error
}

// Error implements error.
func (e *ToolsError) Error() string {
	return fmt.Sprintf("tools to build a module for kernel %s: %v", e.Kernel, e.Err)
}

// Unwrap returns the cause.
func (e *ToolsError) Unwrap() error { return e.Err }

// ExitCode is 3: the lab could not run.
func (e *ToolsError) ExitCode() int { return 3 }

// A UsageError tells that what was asked for makes no sense.
type UsageError struct{ Reason string }

// Error implements error.
func (e *UsageError) Error() string { return e.Reason }

// ExitCode is 2: usage.
func (e *UsageError) ExitCode() int { return 2 }
