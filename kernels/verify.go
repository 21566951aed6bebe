package kernels

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/assay-lab/assay/kernels/internal/imagedir"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// Verify reads every file of a kernel that is in the store and compares it
// with what was put there. A kernel that differs makes a *DamagedError, and is
// taken out of the store, so that Get brings it anew; one that is not in the
// store makes fs.ErrNotExist.
func (s *Store) Verify(ctx context.Context, name string) error {
	sp, err := s.parse(name)
	if err != nil {
		return err
	}
	list, err := s.candidates(sp)
	if err != nil {
		return err
	}
	found := false
	for _, c := range list {
		if c.known == nil {
			continue
		}
		switch err := s.verifyImage(ctx, name, c.known.id()); {
		case err == nil:
			found = true
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if !found {
		return fmt.Errorf("verify kernel %s: %w in the cache", name, fs.ErrNotExist)
	}
	return nil
}

func (s *Store) verifyImage(ctx context.Context, name, id string) error {
	lock, err := whole.Acquire(ctx, s.lockFile(id), func(string) {})
	if err != nil {
		return err
	}
	defer lock.Release()
	dir := s.imageDir(id)
	err = imagedir.Verify(dir)
	if !errors.Is(err, imagedir.ErrDamaged) {
		return err
	}
	damaged := &DamagedError{Kernel: name, File: dir, Reason: err.Error()}
	if err := whole.Remove(dir); err != nil {
		return errors.Join(damaged, err)
	}
	return damaged
}
