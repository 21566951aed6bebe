package kernels

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assay-lab/assay/kernels/internal/whole"
)

// Remove takes a kernel out of the store: its files, and for one that was
// added also its name. It returns how many bytes that freed: 0 if the store
// did not have it, or has the same files under another name.
func (s *Store) Remove(ctx context.Context, name string) (int64, error) {
	sp, err := s.parse(name)
	if err != nil {
		return 0, err
	}
	list, err := s.candidates(sp)
	if err != nil {
		return 0, err
	}
	rec, err := s.recall(sp.record())
	if err != nil {
		return 0, err
	}
	if rec != nil && rec.Why != whyUpdate { // which says what to get next time
		if err := s.forget(sp.record()); err != nil {
			return 0, fmt.Errorf("remove kernel %s: %w", name, err)
		}
	}
	var freed int64
	for _, c := range list {
		if c.known == nil {
			continue
		}
		n, err := s.removeImage(ctx, c.known.id())
		if err != nil {
			return freed, fmt.Errorf("remove kernel %s: %w", name, err)
		}
		freed += n
	}
	return freed, nil
}

// removeImage removes the image called id, unless a name stands for it.
func (s *Store) removeImage(ctx context.Context, id string) (int64, error) {
	named, err := s.namedImages()
	if err != nil || named[id] {
		return 0, err
	}
	lock, err := whole.Acquire(ctx, s.lockFile(id), func(string) {})
	if err != nil {
		return 0, err
	}
	defer lock.Release()
	n, err := dirSize(s.imageDir(id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return n, whole.Remove(s.imageDir(id))
}

// dirSize is the size of all files below dir.
func dirSize(dir string) (int64, error) {
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		st, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			n += st.Size()
		}
		return err
	})
	return n, err
}
