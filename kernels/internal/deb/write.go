package deb

import (
	"errors"
	"io"
	"os"
	"path"
)

// WriteFile copies r to a new, read-only file of the tree root, making the
// directories above it. It fails with os.ErrExist if there is such a file.
func WriteFile(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
