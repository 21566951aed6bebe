package kernels

import "fmt"

// A NotAvailableError tells that a kernel exists but cannot be had on this
// machine. Callers report what needed it as not run, never as passed.
type NotAvailableError struct {
	Kernel string
	// Reason is one line: why, and what would help.
	Reason string
	// Err is the cause, if there is one.
	Err error
}

func (e *NotAvailableError) Error() string {
	return fmt.Sprintf("kernel %s is not available: %s", e.Kernel, e.Reason)
}

func (e *NotAvailableError) Unwrap() error { return e.Err }

// ExitCode is the exit status of a command that fails for it: the lab could
// not run.
func (e *NotAvailableError) ExitCode() int { return 3 }

// An UnknownError tells that there is no kernel of that name.
type UnknownError struct {
	Name    string
	Nearest string // the known name most like it, or empty
}

func (e *UnknownError) Error() string {
	s := fmt.Sprintf("unknown kernel %q", e.Name)
	if e.Nearest != "" {
		s += fmt.Sprintf(", did you mean %s?", e.Nearest)
	}
	return s + "\nsee \"assay kernels list\" for all, or name a bzImage by its path, ./bzImage"
}

// ExitCode is the exit status of a command that fails for it: usage.
func (e *UnknownError) ExitCode() int { return 2 }

// A UsageError tells that what was asked for makes no sense.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason }

// ExitCode is the exit status of a command that fails for it: usage.
func (e *UsageError) ExitCode() int { return 2 }

// A DamagedError tells that a kernel in the cache is not what was put there.
type DamagedError struct {
	Kernel string
	File   string // the first file that differs
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("cached kernel %s is damaged: %s: %s", e.Kernel, e.File, e.Reason)
}
