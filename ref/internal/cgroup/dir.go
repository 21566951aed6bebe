package cgroup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Dir is an open cgroup v2 directory. Its methods may be called concurrently.
type Dir struct {
	// Path is where the directory was found, absolute and free of symlinks.
	Path string
	// Name is the cgroup's path below the mount point, "/" for the root; what
	// /proc/PID/cgroup shows where the whole hierarchy is mounted.
	Name string
	// ID is the kernel's id of the cgroup. It is not used again while the
	// system is up, unlike the name.
	ID uint64

	mount string
	file  *os.File
}

// Open opens the cgroup at path. The error wraps [ErrNotCgroup2] for any other
// kind of directory, [ErrNoCgroup2] where there is no hierarchy at all, or
// [fs.ErrNotExist].
func Open(path string) (*Dir, error) {
	abs, err := resolve(path)
	if err != nil {
		return nil, openError(path, err)
	}
	mounts, err := Mounts()
	if err != nil {
		return nil, fmt.Errorf("open cgroup %s: %w", path, err)
	}
	mount, ok := mountOf(mounts, abs)
	if !ok {
		return nil, notCgroup2(path, mounts[0])
	}
	return open(mount, abs)
}

// Open opens the descendant at the relative path rel.
func (d *Dir) Open(rel string) (*Dir, error) {
	return open(d.mount, filepath.Join(d.Path, rel))
}

// Close closes the directory. Attachments stay.
func (d *Dir) Close() error { return d.file.Close() }

// Mount returns the mount point the directory was found below.
func (d *Dir) Mount() string { return d.mount }

func open(mount, path string) (*Dir, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, openError(path, err)
	}
	id, err := identify(f)
	if err != nil {
		f.Close()
		if errors.Is(err, ErrNotCgroup2) {
			return nil, notCgroup2(path, mount)
		}
		return nil, openError(path, err)
	}
	return &Dir{Path: path, Name: NameOf(mount, path), ID: id, mount: mount, file: f}, nil
}

// NameOf returns the name of the cgroup at path in the hierarchy at mount.
func NameOf(mount, path string) string {
	rel, err := filepath.Rel(mount, path)
	if err != nil || rel == "." {
		return "/"
	}
	return "/" + rel
}

// identify returns the id of the cgroup that f is the directory of.
//
// The id is the file handle's first eight bytes on every kernel. The inode
// number is only half of it before Linux 5.5 (40430452fd5d), where the
// generation is the other.
func identify(f *os.File) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return 0, err
	}
	if st.Type != unix.CGROUP2_SUPER_MAGIC {
		return 0, ErrNotCgroup2
	}
	return handleID(int(f.Fd()), "", unix.AT_EMPTY_PATH)
}

// ID returns the id of the cgroup that is at path now. It does not check that
// path is on a cgroup v2 file system.
func ID(path string) (uint64, error) { return handleID(unix.AT_FDCWD, path, 0) }

func handleID(dirfd int, path string, flags int) (uint64, error) {
	handle, _, err := unix.NameToHandleAt(dirfd, path, flags)
	if err != nil {
		return 0, fmt.Errorf("read file handle: %w", err)
	}
	if len(handle.Bytes()) < 8 {
		return 0, fmt.Errorf("read file handle: %d bytes, want 8", len(handle.Bytes()))
	}
	return binary.NativeEndian.Uint64(handle.Bytes()), nil
}

func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func notCgroup2(path, mount string) error {
	return fmt.Errorf("open cgroup %s: %w\ncgroup v2 is mounted at %s: name a directory there", path, ErrNotCgroup2, mount)
}

// openError words err for path, and guesses what was meant by a name as
// /proc/PID/cgroup shows it.
func openError(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if errors.Is(err, unix.ENOTDIR) {
		err = ErrNotCgroup2
	}
	if errors.Is(err, fs.ErrNotExist) {
		if guess, ok := below(path); ok {
			return fmt.Errorf("open cgroup %s: %w\ndid you mean %s?", path, err, guess)
		}
	}
	return fmt.Errorf("open cgroup %s: %w", path, err)
}

// below returns the directory that path names below a cgroup v2 mount point.
func below(path string) (string, bool) {
	mounts, err := Mounts()
	if err != nil {
		return "", false
	}
	for _, m := range mounts {
		guess := filepath.Join(m, path)
		if st, err := os.Stat(guess); err == nil && st.IsDir() && !strings.HasPrefix(path, m) {
			return guess, true
		}
	}
	return "", false
}
