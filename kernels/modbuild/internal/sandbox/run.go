package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// A Command is what to run in a Root.
type Command struct {
	Args   []string // the program by its absolute name, and its arguments
	Dir    string
	Env    []string
	Output io.Writer // standard output and error
}

// order is what the program tells itself to do.
type order struct {
	Root    Root
	At      string // empty directory on the host to mount everything on
	Command Command
}

// Run runs a command and waits for its end. The directory scratch must be empty; it
// is again afterwards. Errors: *exec.ExitError if the command ran and
// fell, *SetupError, or one that wraps ErrUnavailable.
func Run(ctx context.Context, scratch string, root Root, c Command) error {
	// The child is killed when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := run(ctx, scratch, root, c, true)
	if errors.Is(err, ErrUnavailable) && os.Geteuid() == 0 {
		// A container may let root mount, but not make user namespaces.
		if again := run(ctx, scratch, root, c, false); !errors.Is(again, ErrUnavailable) {
			return again
		}
	}
	return err
}

func run(ctx context.Context, scratch string, root Root, c Command, asUser bool) error {
	out := c.Output
	c.Output = nil
	b, err := json.Marshal(order{root, scratch, c})
	if err != nil {
		return err
	}
	fault, told, err := os.Pipe()
	if err != nil {
		return err
	}
	defer fault.Close()
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{selfName}
	cmd.Stdin = strings.NewReader(string(b))
	cmd.Env = []string{"GOMAXPROCS=1"}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{told}
	cmd.SysProcAttr = attributes(asUser)
	err = cmd.Start()
	told.Close()
	if err != nil {
		return startError(ctx, err)
	}
	// What was not set up is told before the command begins.
	text, _ := io.ReadAll(fault)
	err = cmd.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return faultOf(string(text), err)
}

// faultOf reads what the child told of its setting up, if anything.
func faultOf(text string, err error) error {
	if text == "" {
		return err
	}
	if denied, ok := strings.CutPrefix(text, deniedPrefix); ok {
		return unavailable(errors.New(denied))
	}
	return &SetupError{text}
}

func startError(ctx context.Context, err error) error {
	for _, no := range []error{syscall.EPERM, syscall.EINVAL, syscall.ENOSPC, syscall.ENOSYS, syscall.EACCES, syscall.EUSERS} {
		if errors.Is(err, no) && ctx.Err() == nil {
			return unavailable(err)
		}
	}
	return err
}

func attributes(asUser bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	if asUser {
		a.Cloneflags |= syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET
		a.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return a
}
