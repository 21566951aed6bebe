package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// merge makes in dst, a directory that can be written to, what is in all of dirs:
// what only one has is bound as a whole, directories that several have are merged.
func merge(dst string, dirs []string, skip map[string]bool) error {
	first := map[string]fs.DirEntry{}
	in := map[string][]string{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			switch have, ok := first[e.Name()]; {
			case skip[e.Name()]:
				continue
			case !ok:
				first[e.Name()] = e
			case !have.IsDir() || !e.IsDir():
				continue
			}
			in[e.Name()] = append(in[e.Name()], filepath.Join(dir, e.Name()))
		}
	}
	for name, e := range first {
		if err := place(filepath.Join(dst, name), e, in[name]); err != nil {
			return err
		}
	}
	return nil
}

// place makes one entry of a merged directory.
func place(dst string, e fs.DirEntry, from []string) error {
	switch {
	case e.Type() == fs.ModeSymlink:
		target, err := os.Readlink(from[0])
		if err != nil {
			return err
		}
		return os.Symlink(target, dst)
	case e.IsDir() && len(from) > 1:
		if err := mkdir(dst); err != nil {
			return err
		}
		return merge(dst, from, nil)
	case e.IsDir() || e.Type().IsRegular():
		return bindTo(from[0], dst, false)
	}
	return nil // a socket or device has no business in a package
}

// bind makes a Bind visible below at.
func bind(b Bind, at string) error { return bindTo(b.Host, filepath.Join(at, b.Guest), b.Write) }

func bindTo(host, dst string, write bool) error {
	st, err := os.Stat(host)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	if st.IsDir() {
		err = mkdir(dst)
	} else {
		err = os.WriteFile(dst, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(host, dst, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", host, err)
	}
	if write {
		return nil
	}
	return readOnly(dst)
}

// readOnly makes a mount read-only. In a user namespace, flags that the file system
// was mounted with must be repeated (mount_namespaces(7)).
func readOnly(dst string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dst, &st); err != nil {
		return err
	}
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY)
	for has, keep := range map[int64]uintptr{
		unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME,
	} {
		if st.Flags&has != 0 {
			flags |= keep
		}
	}
	if err := unix.Mount("", dst, "", flags, ""); err != nil {
		return fmt.Errorf("make %s read-only: %w", dst, err)
	}
	return nil
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
