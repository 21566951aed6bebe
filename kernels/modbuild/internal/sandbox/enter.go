package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// selfName is the name the program executes itself under.
const selfName = "assay-sandbox"

// deniedPrefix begins what the child tells when it was not allowed to mount.
const deniedPrefix = "denied: "

// faultFD is where the child tells what it could not set up.
const faultFD = 3

func init() {
	if len(os.Args) != 1 || os.Args[0] != selfName {
		return
	}
	unix.CloseOnExec(faultFD)
	err := enter()
	text := err.Error()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		text = deniedPrefix + text
	}
	_, _ = unix.Write(faultFD, []byte(text))
	os.Exit(125)
}

// enter makes the root directory and becomes the command. It returns only an error.
func enter() error {
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := o.Root.mount(o.At); err != nil {
		return err
	}
	if err := unix.Chroot(o.At); err != nil {
		return fmt.Errorf("change root: %w", err)
	}
	if err := os.Chdir(o.Command.Dir); err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return err
	}
	err = unix.Exec(o.Command.Args[0], o.Command.Args, o.Command.Env)
	return fmt.Errorf("execute %s: %w", o.Command.Args[0], err)
}

// mount lays everything out on the directory at.
func (r *Root) mount(at string) error {
	if err := unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID, "mode=0755"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	if err := merge(at, r.Layers, map[string]bool{"tmp": true, "proc": true, "dev": true, "sys": true}); err != nil {
		return err
	}
	for _, dir := range []string{"tmp", "proc", "dev"} {
		if err := mkdir(filepath.Join(at, dir)); err != nil {
			return err
		}
	}
	for _, dev := range []string{"null", "zero", "urandom"} {
		if err := bind(Bind{Host: "/dev/" + dev, Guest: "/dev/" + dev, Write: true}, at); err != nil {
			return err
		}
	}
	// A container may not be allowed a proc of its own; then it has the host's.
	if unix.Mount("proc", filepath.Join(at, "proc"), "proc", 0, "") != nil {
		if err := unix.Mount("/proc", filepath.Join(at, "proc"), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("mount proc: %w", err)
		}
	}
	for _, b := range r.Binds {
		if err := bind(b, at); err != nil {
			return err
		}
	}
	for name, target := range r.Links {
		name = filepath.Join(at, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, name); err != nil {
			return err
		}
	}
	return nil
}
