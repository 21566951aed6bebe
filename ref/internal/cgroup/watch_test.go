package cgroup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/assay-lab/assay/ref/internal/cgtest"
)

// expect waits for an event; others may come before.
func expect(t *testing.T, w *cgroup.Watcher, want cgroup.Event) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	var others []cgroup.Event
	for {
		select {
		case got := <-w.Events:
			if got == want {
				return
			}
			others = append(others, got)
		case <-deadline:
			t.Fatalf("no event %+v, but %+v", want, others)
		}
	}
}

func TestWatcher(t *testing.T) {
	root := cgtest.New(t)
	w, err := cgroup.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add(root); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the same path again and again
		dir := cgtest.Child(t, root, "child")
		expect(t, w, cgroup.Event{Type: cgroup.Created, Path: dir})
		if err := w.Add(dir); err != nil {
			t.Fatal(err)
		}
		cgtest.In(t, dir, func() {})
		expect(t, w, cgroup.Event{Type: cgroup.Emptied, Path: dir})
		cgtest.Remove(t, dir)
		expect(t, w, cgroup.Event{Type: cgroup.Removed, Path: dir})
	}
}

func TestWatchMissing(t *testing.T) {
	w, err := cgroup.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(filepath.Join(t.TempDir(), "nobody")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-w.Events; open {
		t.Error("events after closing")
	}
}

func TestOpen(t *testing.T) {
	root := cgtest.New(t)
	child := cgtest.Child(t, root, "a b")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(child, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{child, child + "/", link, filepath.Join(root, ".", "a b", "..", "a b")} {
		d, err := cgroup.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		if d.Path != child || d.Name != "/"+filepath.Base(root)+"/a b" {
			t.Errorf("%s: got path %q, name %q", path, d.Path, d.Name)
		}
		id, err := cgroup.ID(child)
		if err != nil || id != d.ID || id == 0 {
			t.Errorf("%s: got id %d, then %d, %v", path, d.ID, id, err)
		}
	}
	mounts, err := cgroup.Mounts()
	if err != nil || !slices.Contains(mounts, cgtest.Root(t)) {
		t.Errorf("got mounts %q, %v", mounts, err)
	}
}
