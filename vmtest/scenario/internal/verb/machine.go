package verb

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var machine = []Verb{
	{"module", "[-rm] NAME…", "Load kernel modules, or unload them.", 1, -1, runModule},
	{"write", "FILE TEXT", "Write a line to a file of /proc or /sys; the old text comes back in the end.", 2, 2, runWrite},
	{"json", "FILE PATH [OP VALUE | -> VAR]", "Print what is at a path such as .cgroups[0].bytes or .cgroups[path=/a].bytes of a JSON file, or of stdout.", 2, -1, runJSON},
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

func runJSON(s *State, args []string) error {
	d := json.NewDecoder(strings.NewReader(s.script.ReadFile(args[0])))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	v, err := lookup(doc, args[1])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if n, ok := v.(json.Number); ok {
		if whole, ok := new(big.Int).SetString(n.String(), 10); ok {
			return s.number(whole, args[2:])
		}
	}
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		text = string(b)
	}
	return s.text(text, args[2:])
}

// text prints a string and, if args say so, compares it or sets a variable.
func (s *State) text(v string, args []string) error {
	fmt.Fprintln(&s.out, v)
	switch {
	case len(args) == 0:
		return nil
	case len(args) != 2:
		return usagef("want OP VALUE or -> VAR")
	case args[0] == "->" && isName(args[1]):
		s.script.Setenv(args[1], v)
		return nil
	case args[0] != "==" && args[0] != "!=":
		return usagef("%q is no number: it can be compared with == and != only", v)
	case (v == args[1]) != (args[0] == "=="):
		return fmt.Errorf("%q %s %q does not hold", v, args[0], args[1])
	}
	return nil
}

// lookup follows a path: .key, [index], or [key=value] for the first element of an
// array in which that holds.
func lookup(doc any, path string) (any, error) {
	for rest := path; rest != ""; {
		var step string
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			step, rest = rest[1:1+end], rest[1+end:]
			if step == "" {
				continue
			}
			object, ok := doc.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("at .%s of %s: there is no object", step, path)
			}
			if doc, ok = object[step]; !ok {
				return nil, fmt.Errorf("there is no .%s at its place in %s", step, path)
			}
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, usagef("path %s: missing ]", path)
			}
			step, rest = rest[1:end], rest[end+1:]
			var err error
			if doc, err = element(doc, step); err != nil {
				return nil, fmt.Errorf("%w in %s", err, path)
			}
		default:
			return nil, usagef("path %s: want .key, [index] or [key=value], not %q", path, rest)
		}
	}
	return doc, nil
}

func element(doc any, step string) (any, error) {
	array, ok := doc.([]any)
	if !ok {
		return nil, fmt.Errorf("at [%s]: there is no array", step)
	}
	key, want, byValue := strings.Cut(step, "=")
	if !byValue {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(array) {
			return nil, fmt.Errorf("there is no [%s] among %d elements", step, len(array))
		}
		return array[i], nil
	}
	for _, e := range array {
		if object, ok := e.(map[string]any); ok && fmt.Sprint(object[key]) == want {
			return e, nil
		}
	}
	return nil, fmt.Errorf("none of %d elements has %s", len(array), step)
}
