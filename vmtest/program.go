package vmtest

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Program returns the files that a program of the host needs to run in a guest, at
// the given path there: itself and, if it is linked dynamically, its loader and
// libraries, each at its own path. A script brings its interpreter.
func Program(hostPath, guestPath string) ([]File, error) {
	hostPath, err := filepath.Abs(hostPath)
	if err != nil {
		return nil, err
	}
	files := []File{{Path: guestPath, Source: hostPath}}
	f, err := elf.Open(hostPath)
	if err != nil {
		return scriptProgram(hostPath, files, err)
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("bring %s into the guest: it is for %v, the guest is x86-64", hostPath, f.Machine)
	}
	loader, err := interpreter(f)
	if err != nil || loader == "" {
		return files, err
	}
	libs, err := libraries(loader, hostPath)
	if err != nil {
		return nil, err
	}
	for _, lib := range append(libs, loader) {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == lib }) {
			files = append(files, File{Path: lib, Source: lib})
		}
	}
	return files, nil
}

// scriptProgram handles what is no ELF file.
func scriptProgram(hostPath string, files []File, notELF error) ([]File, error) {
	f, err := os.Open(hostPath)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 4096)).ReadString('\n')
	shebang, ok := strings.CutPrefix(line, "#!")
	words := strings.Fields(shebang)
	if err != nil || !ok || len(words) == 0 {
		return nil, fmt.Errorf("bring %s into the guest: neither an ELF executable nor a script: %w", hostPath, notELF)
	}
	more, err := Program(words[0], words[0])
	return append(files, more...), err
}

// interpreter returns the dynamic loader an executable asks for, "" if none.
func interpreter(f *elf.File) (string, error) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b, err := io.ReadAll(p.Open())
			return string(bytes.TrimRight(b, "\x00")), err
		}
	}
	return "", nil
}

// libraries asks the loader which files it would load. It does not run the program.
func libraries(loader, program string) ([]string, error) {
	out, err := exec.Command(loader, "--list", program).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
		}
		return nil, fmt.Errorf("list libraries of %s: %w", program, err)
	}
	var libs []string
	for line := range strings.Lines(string(out)) {
		// "	libc.so.6 => /lib/libc.so.6 (0x…)", or a path without the arrow
		_, path, arrow := strings.Cut(line, " => ")
		if !arrow {
			path = line
		}
		path, _, _ = strings.Cut(strings.TrimSpace(path), " (")
		switch {
		case path == "not found":
			return nil, fmt.Errorf("list libraries of %s: not found: %s", program, strings.TrimSpace(line))
		case strings.HasPrefix(path, "/"):
			libs = append(libs, path)
		}
	}
	return libs, nil
}
