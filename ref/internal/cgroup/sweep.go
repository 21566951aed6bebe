package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Sweep detaches, from every cgroup of the hierarchy mounted at mount, programs
// of type at whose name is prefix with the mark of a process that has ended
// (see [OwnedName]). It returns how many it detached. A cgroup that vanishes
// meanwhile is no error.
func Sweep(mount, prefix string, at ebpf.AttachType) (int, error) {
	swept := 0
	err := filepath.WalkDir(mount, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !e.IsDir():
			return nil
		}
		n, err := sweep(path, prefix, at)
		swept += n
		return err
	})
	if err != nil {
		return swept, fmt.Errorf("sweep abandoned programs: %w", err)
	}
	return swept, nil
}

func sweep(path, prefix string, at ebpf.AttachType) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, ignoreGone(err)
	}
	defer f.Close()
	held, err := query(f, at)
	if err != nil {
		return 0, ignoreGone(err)
	}
	swept := 0
	for _, id := range held.ids {
		ok, err := detachAbandoned(f, id, prefix, at)
		if err != nil {
			return swept, err
		}
		if ok {
			swept++
		}
	}
	return swept, nil
}

func detachAbandoned(f *os.File, id ebpf.ProgramID, prefix string, at ebpf.AttachType) (bool, error) {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return false, ignoreGone(err)
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil || !abandoned(info.Name, prefix) {
		return false, err
	}
	err = link.RawDetachProgram(link.RawDetachProgramOptions{Target: int(f.Fd()), Program: p, Attach: at})
	if err != nil {
		return false, ignoreGone(fmt.Errorf("detach %s from %s: %w", info.Name, f.Name(), err))
	}
	return true, nil
}

func ignoreGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}
