package verb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

var machine = []Verb{
	{"module", "[-rm] NAME…", "Load kernel modules, or unload them.", 1, -1, runModule},
	{"write", "FILE TEXT", "Write a line to a file of /proc or /sys; the old text comes back in the end.", 2, 2, runWrite},
}

// undo is what a scenario changed on the machine, to be changed back where the
// machine goes on living.
type undo struct {
	what string
	do   func() error
}

func runModule(s *State, args []string) error {
	if args[0] == "-rm" {
		for _, name := range args[1:] {
			if err := removeModule(name); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range args {
		if moduleLoaded(name) {
			continue
		}
		if err := loadModule(name); err != nil {
			return err
		}
		s.undo = append(s.undo, undo{"unload module " + name, func() error {
			if !moduleLoaded(name) {
				return nil
			}
			return removeModule(name)
		}})
	}
	return nil
}

// modprobe is where the kernel looks for it, and the lab's agent answers.
const modprobe = "/sbin/modprobe"

func loadModule(name string) error {
	out, err := exec.Command(modprobe, name).CombinedOutput()
	if err != nil {
		if said := strings.TrimSpace(string(out)); said != "" {
			err = errors.New(said)
		}
		return fmt.Errorf("load %s: %w", name, err)
	}
	return nil
}

func moduleDir(name string) string { return "/sys/module/" + strings.ReplaceAll(name, "-", "_") }

// moduleLoaded tells whether the kernel has it, loaded or built in.
func moduleLoaded(name string) bool {
	_, err := os.Stat(moduleDir(name))
	return err == nil
}

func removeModule(name string) error {
	if err := unix.DeleteModule(strings.ReplaceAll(name, "-", "_"), unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("unload %s: %w", name, err)
	}
	return nil
}

func runWrite(s *State, args []string) error {
	name := s.script.MkAbs(args[0])
	old, readable := os.ReadFile(name)
	if err := write(name, args[1]); err != nil {
		return err
	}
	if readable == nil && kernelFile(name) {
		s.undo = append(s.undo, undo{"restore " + name, func() error {
			return write(name, strings.TrimSpace(string(old)))
		}})
	}
	return nil
}

// write writes a line in one system call, as such files want it.
func write(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}

// kernelFile tells whether what is written to a file outlives the scenario: the
// settings of its network namespaces do not.
func kernelFile(name string) bool {
	return strings.HasPrefix(name, "/sys/") || strings.HasPrefix(name, "/proc/") && !strings.HasPrefix(name, "/proc/sys/net/")
}
