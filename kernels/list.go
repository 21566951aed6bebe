package kernels

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"github.com/assay-lab/assay/kernels/internal/imagedir"
)

// A Listing is what List tells about one kernel.
type Listing struct {
	Name    string `json:"name"`              // as Get takes it
	Series  string `json:"series"`            // empty if the catalogue knows none
	Flavour string `json:"flavour,omitempty"` // empty for a kernel of the user's
	Release string `json:"release"`           // uname -r; empty while unknown
	Version string `json:"version,omitempty"` // of its package
	Source  string `json:"source"`            // "debian", "oci", "local" or "build"
	Default bool   `json:"default"`           // belongs to the default matrix
	Cached  bool   `json:"cached"`            // in the store, undamaged
	// Available tells that Get can be expected to succeed: the kernel is in
	// the store, or a source that has it answered just now.
	Available bool `json:"available"`
	// Reason says in one line why the kernel is not available, or what is
	// special about it; empty if there is nothing to say.
	Reason string `json:"reason"`
	// Size is in bytes: on disk if cached, else of the download; 0 if unknown.
	Size int64 `json:"size"`

	list []candidate
}

// ListOptions says what List is to tell.
type ListOptions struct {
	// Flavours lists every flavour, not only the default and cached ones.
	Flavours bool
	// Offline asks no source; only what is cached counts as available.
	Offline bool
}

// List tells of every kernel there is: those of the catalogue and those the
// user added, oldest series first. For those that are not in the store it asks
// their sources, all at once, and waits two seconds at most.
func (s *Store) List(ctx context.Context, o ListOptions) ([]Listing, error) {
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	var all []Listing
	for _, n := range names {
		l, err := s.listing(n)
		if err != nil {
			return nil, err
		}
		if l.Cached || o.Flavours || l.Flavour == "" || l.Flavour == Flavours[0] {
			all = append(all, *l)
		}
	}
	s.askSources(ctx, all, o.Offline)
	return all, nil
}

// Describe is List for one kernel, by any name that Get takes.
func (s *Store) Describe(ctx context.Context, name string) (*Listing, error) {
	l, err := s.listing(name)
	if err != nil {
		return nil, err
	}
	one := []Listing{*l}
	s.askSources(ctx, one, false)
	return &one[0], nil
}

// names returns what Get takes: series, flavours of series, added names.
func (s *Store) names() ([]string, error) {
	added, err := s.addedNames()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range s.catalog {
		for _, flavour := range Flavours {
			if flavour == Flavours[0] || e.Pins[flavour] != nil || slices.Contains(e.Debian.Flavours, flavour) {
				sp := &spec{entry: e, flavour: flavour}
				names = append(names, sp.name())
			}
		}
	}
	for _, name := range added {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// listing tells what is known of a kernel without asking anybody.
func (s *Store) listing(name string) (*Listing, error) {
	sp, err := s.parse(name)
	if err != nil {
		return nil, err
	}
	list, err := s.candidates(sp)
	if err != nil {
		return nil, err
	}
	l := &Listing{Name: name, Source: "debian", list: list}
	if sp.ref != "" {
		l.Source = "oci"
	}
	if sp.entry != nil {
		l.Series, l.Flavour = sp.entry.Series, sp.flavour
		l.Default = sp.entry.Default && sp.flavour == Flavours[0] && sp.version == ""
	}
	if e := s.catalog.Find(name); e != nil {
		l.Default = e.Default // also when a kernel of the user's stands in
	}
	for _, c := range list {
		if c.known != nil && s.describe(l, c) {
			break
		}
	}
	return l, nil
}

// describe fills in what a candidate says of the kernel; it returns true if
// that settles it, because the candidate is in the store.
func (s *Store) describe(l *Listing, c candidate) bool {
	m, err := imagedir.Load(s.imageDir(c.known.id()))
	if err == nil {
		l.Cached, l.Available, l.Reason = true, true, c.notice
		l.Source, l.Release, l.Version, l.Size = m.Source, m.Release, m.Version, m.Bytes
		l.Series = s.catalog.SeriesOf(m.Release)
		return true
	}
	if l.Release == "" { // the first candidate is the one wanted
		l.Source, l.Version = c.known.kind(), c.known.version()
		switch src := c.known.(type) {
		case *debianSource:
			l.Release, l.Size = src.pin.Release, src.pin.Size()
		case *localSource:
			l.Release, l.Series = src.release, s.catalog.SeriesOf(src.release)
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		l.Reason = "its cached files are " + err.Error()
	}
	return false
}

// askSources finds out, for the kernels that are not cached, whether their
// sources can be expected to bring them.
func (s *Store) askSources(ctx context.Context, all []Listing, offline bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for i := range all {
		l := &all[i]
		if l.Cached {
			continue
		}
		if offline {
			l.Reason = "it is not in the cache, and no source was asked"
			continue
		}
		wg.Go(func() { s.ask(ctx, l) })
	}
	wg.Wait()
}
