package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// EventType says what happened to a cgroup.
type EventType int

// The events of a [Watcher].
const (
	// Created: the directory Path may be a new cgroup.
	Created EventType = iota + 1
	// Emptied: the last process below Path has ended, so removal is near.
	Emptied
	// Removed: the cgroup at Path was removed.
	Removed
	// Lost: events were dropped; look at the whole hierarchy again.
	Lost
)

// Event is something that happened to the cgroup at Path.
type Event struct {
	Type EventType
	Path string
}

// ErrWatchLimit is returned by [Watcher.Add] when the user's inotify watches
// are used up.
var ErrWatchLimit = errors.New("out of inotify watches\nraise fs.inotify.max_user_watches or max_user_instances with sysctl")

// Watcher reports what happens to cgroups. Its methods may be called
// concurrently.
type Watcher struct {
	// Events is closed by Close.
	Events <-chan Event
	fs     *fsnotify.Watcher
	done   chan struct{}
}

// NewWatcher returns a Watcher that watches nothing yet.
func NewWatcher() (*Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch cgroups: %w", watchError(err))
	}
	events := make(chan Event)
	cw := &Watcher{Events: events, fs: w, done: make(chan struct{})}
	go cw.translate(events)
	return cw, nil
}

// Add reports cgroups created in and removed from the directory at path, and
// when the last process of it and its descendants ends. The watch ends with the
// directory.
func (w *Watcher) Add(path string) error {
	if err := w.AddParent(path); err != nil {
		return err
	}
	// The directory alone would report this file too, but only while its inode
	// happens to be cached; a watch of its own keeps it so.
	err := w.fs.Add(eventsFile(path))
	if err != nil && !errors.Is(err, os.ErrNotExist) { // the root has none
		return fmt.Errorf("watch %s: %w", path, watchError(err))
	}
	return nil
}

// AddParent reports only which cgroups are created in and removed from the
// directory at path.
func (w *Watcher) AddParent(path string) error {
	if err := w.fs.Add(path); err != nil {
		return fmt.Errorf("watch %s: %w", path, watchError(err))
	}
	return nil
}

// Close ends all watches.
func (w *Watcher) Close() error {
	close(w.done)
	return w.fs.Close()
}

func (w *Watcher) translate(events chan<- Event) {
	defer close(events)
	for {
		var e Event
		select {
		case <-w.done:
			return
		case raw, ok := <-w.fs.Events:
			if !ok {
				return
			}
			e = translate(raw)
		case _, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			// An overflow, or a read gone wrong: either way events are missing.
			e = Event{Type: Lost}
		}
		if e.Type == 0 {
			continue
		}
		select {
		case events <- e:
		case <-w.done:
			return
		}
	}
}

// translate returns the zero Event for what is of no concern, such as a
// process moved into a cgroup.
func translate(raw fsnotify.Event) Event {
	dir, file := filepath.Split(raw.Name)
	// All files of a cgroup have a dot in their name, before a new directory is
	// seen or after it has gone; but so may a directory. Whoever gets a Created
	// finds out by opening.
	switch {
	case raw.Has(fsnotify.Write) && file == "cgroup.events":
		if populated(raw.Name) {
			return Event{}
		}
		return Event{Emptied, strings.TrimSuffix(dir, "/")}
	case raw.Has(fsnotify.Create):
		return Event{Created, raw.Name}
	case raw.Has(fsnotify.Remove) && file != "cgroup.events":
		return Event{Removed, raw.Name}
	}
	return Event{}
}

func eventsFile(path string) string { return filepath.Join(path, "cgroup.events") }

func populated(eventsFile string) bool {
	b, err := os.ReadFile(eventsFile)
	return err == nil && strings.Contains(string(b), "populated 1")
}

func watchError(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EMFILE) {
		return ErrWatchLimit
	}
	return err
}
