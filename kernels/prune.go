package kernels

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/assay-lab/assay/kernels/internal/whole"
)

// keepUnnamed is how long a kernel that was given as a file stays after its
// last use. Whoever works on a kernel makes many.
const keepUnnamed = 14 * 24 * time.Hour

// unnamed tells whether the image called id was given as a file. It may have a
// name besides.
func unnamed(id string) bool { return strings.HasPrefix(id, "local-") }

// touch notes that an image is used.
func (s *Store) touch(id string) {
	now := s.now()
	// Failing only makes the image look older; the store may be read-only.
	_ = os.Chtimes(s.imageDir(id), now, now)
}

// prune removes the kernels that were given as files, have no name, and were
// not used for long.
func (s *Store) prune() error {
	entries, err := os.ReadDir(s.images())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	named, err := s.namedImages()
	if err != nil {
		return err
	}
	for _, e := range entries {
		id := e.Name()
		if !unnamed(id) || named[id] {
			continue
		}
		st, err := e.Info()
		if err != nil || s.now().Sub(st.ModTime()) < keepUnnamed {
			continue
		}
		if err := s.pruneOne(id); err != nil {
			return fmt.Errorf("prune kernel store: %w", err)
		}
	}
	return nil
}

// pruneOne removes an image unless somebody is at it.
func (s *Store) pruneOne(id string) error {
	lock, _, err := whole.TryLock(s.lockFile(id))
	if lock == nil || err != nil {
		return err
	}
	defer lock.Release()
	return whole.Remove(s.imageDir(id))
}

// namedImages returns the ids of the images that names stand for.
func (s *Store) namedImages() (map[string]bool, error) {
	names, err := s.addedNames()
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, name := range names {
		rec, err := s.recall(name)
		if err != nil {
			return nil, err
		}
		if rec != nil {
			ids[rec.Image] = true
		}
	}
	return ids, nil
}
