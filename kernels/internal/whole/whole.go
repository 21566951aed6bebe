// Package whole makes state on disk appear whole or not at all.
//
// A directory is built aside, in a staging directory, synced, and renamed into
// place. Locks are flock(2) locks, which the kernel drops when their holder
// dies, however it dies. A staging directory is locked by its builder in the
// same way, so a directory that nobody has locked is a dead process's litter
// and Sweep removes it.
package whole

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stagePrefix marks staging directories, for Sweep and for human eyes.
const stagePrefix = ".new-"

// A Stage is a directory that is being built aside. It is not safe for
// concurrent use.
type Stage struct {
	// Dir is the directory to fill.
	Dir  string
	lock *os.File
}

// NewStage makes an empty staging directory in parent, which must be on the
// same file system as the place the result will be renamed to. The name says
// what is built there and carries the builder's process id.
func NewStage(parent, name string) (*Stage, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%s.%d.", stagePrefix, name, os.Getpid()))
	if err != nil {
		return nil, err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, errors.Join(err, os.Remove(dir))
	}
	if err := flock(lock, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), os.Remove(dir))
	}
	// A Sweep may have come between MkdirTemp and the lock.
	if _, err := os.Stat(dir); err != nil {
		lock.Close()
		return nil, err
	}
	return &Stage{Dir: dir, lock: lock}, nil
}

// Commit syncs the staging directory and renames it to dst, which must not
// exist. After Commit, successful or not, the stage is used up.
func (s *Stage) Commit(dst string) error {
	defer s.lock.Close()
	if err := os.Chmod(s.Dir, 0o755); err != nil { // MkdirTemp gives 0700
		return errors.Join(err, os.RemoveAll(s.Dir))
	}
	if err := syncTree(s.lock, s.Dir); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", s.Dir, err), os.RemoveAll(s.Dir))
	}
	if err := os.Rename(s.Dir, dst); err != nil {
		return errors.Join(err, os.RemoveAll(s.Dir))
	}
	return syncDir(filepath.Dir(dst))
}

// Abort removes the staging directory. It does nothing after Commit.
func (s *Stage) Abort() error {
	if err := s.lock.Close(); errors.Is(err, os.ErrClosed) {
		return nil
	}
	return os.RemoveAll(s.Dir)
}

// Sweep removes the staging directories in parent whose builders are dead.
func Sweep(parent string) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stagePrefix) && e.IsDir() {
			errs = append(errs, sweepOne(filepath.Join(parent, e.Name())))
		}
	}
	return errors.Join(errs...)
}

func sweepOne(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil // its builder is alive
	}
	return os.RemoveAll(dir)
}

// SweepOld removes the files in dir that nobody has changed for longer than
// age: downloads that were given up, and what has been superseded.
func SweepOld(dir string, age time.Duration) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() || time.Since(st.ModTime()) < age {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Remove makes the directory dir vanish at once, by renaming it to a staging
// name before deleting what is in it.
func Remove(dir string) error {
	s, err := NewStage(filepath.Dir(dir), "gone")
	if err != nil {
		return err
	}
	err = os.Rename(dir, filepath.Join(s.Dir, filepath.Base(dir)))
	return errors.Join(err, s.Abort())
}

// WriteFile writes data to name, whole or not at all.
func WriteFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
