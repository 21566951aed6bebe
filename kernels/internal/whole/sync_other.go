//go:build !linux

package whole

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// syncTree makes every regular file under dir durable.
func syncTree(_ *os.File, dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
