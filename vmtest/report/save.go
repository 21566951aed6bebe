package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Save writes a file such that it appears whole or not at all: beside it first,
// synced, and then renamed over it. What is there and is no regular file, such as a
// pipe or /dev/stdout, is written to directly.
func Save(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return saveInto(path, write)
	}
	f, err := create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := buffered(f, write); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// create makes the temporary file. Its name tells whose it is; those of processes that
// are no more are removed.
func create(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	prefix := filepath.Join(dir, "."+name+".tmp.")
	sweep(prefix)
	return os.OpenFile(prefix+strconv.Itoa(os.Getpid()), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
}

func sweep(prefix string) {
	entries, _ := os.ReadDir(filepath.Dir(prefix)) // what cannot be read has nothing to sweep
	for _, e := range entries {
		owner, ok := strings.CutPrefix(e.Name(), filepath.Base(prefix))
		pid, err := strconv.Atoi(owner)
		if ok && err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			os.Remove(prefix + owner)
		}
	}
}

func saveInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = buffered(f, write)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriter(w)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}
