package kernels

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/debian"
)

// UpdateOptions says how Update may go about it.
type UpdateOptions struct {
	// Catalog is a catalogue directory to write the pins into, as the
	// project's maintainers do. By default they are kept in the store, and
	// hold for its users.
	Catalog string
	// Notice and AllowExpired are as in GetOptions.
	Notice       func(string)
	AllowExpired bool
}

// A Change is a kernel whose pin Update moved.
type Change struct {
	Kernel string `json:"kernel"`
	Old    string `json:"old,omitempty"` // version; empty if there was no pin
	New    string `json:"new"`           // version
	Suite  string `json:"suite"`
}

// Update looks through the signed indexes for the newest kernels of the given
// series (of all, if none is given) and pins them. A kernel whose packages an
// index lists but no archive has is passed over. A series whose indexes cannot
// be read is told in a notice and stays as it is; the error is about those that
// were named.
func (s *Store) Update(ctx context.Context, series []string, o UpdateOptions) ([]Change, error) {
	entries := s.catalog
	if o.Catalog != "" {
		var err error
		if entries, err = catalog.Read(os.DirFS(o.Catalog)); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", o.Catalog, err)
		}
	}
	for _, name := range series {
		if !slices.ContainsFunc(entries, func(e *Entry) bool { return e.Series == name }) {
			return nil, &UnknownError{Name: name, Nearest: nearest(s.catalog, name, nil)}
		}
	}
	v := s.survey(o.AllowExpired)
	var all []Change
	var errs []error
	for _, e := range entries {
		if len(series) > 0 && !slices.Contains(series, e.Series) {
			continue
		}
		changes, err := s.updateSeries(ctx, v, e, &o)
		all = append(all, changes...)
		switch {
		case ctx.Err() != nil:
			return all, context.Cause(ctx)
		case err != nil && slices.Contains(series, e.Series):
			errs = append(errs, err)
		case err != nil && o.Notice != nil:
			o.Notice(err.Error())
		}
	}
	return all, errors.Join(errs...)
}

// updateSeries moves the pins of one series.
func (s *Store) updateSeries(ctx context.Context, v *survey, e *Entry, o *UpdateOptions) ([]Change, error) {
	get := &GetOptions{Notice: o.Notice, AllowExpired: o.AllowExpired}
	offered, err := v.kernels(ctx, e)
	if err != nil {
		return nil, surveyError(e, err)
	}
	pins := map[string]*debian.Pin{}
	for flavour, pin := range e.Pins {
		pins[flavour] = pin
	}
	var changes []Change
	for _, flavour := range e.Debian.Flavours {
		k, err := s.newest(ctx, offered, flavour, get)
		if err != nil {
			return nil, err
		}
		sp := &spec{entry: e, flavour: flavour}
		old, err := s.current(sp, o)
		if err != nil {
			return nil, err
		}
		if k == nil || old != nil && debian.CompareVersions(k.Version, old.Version) <= 0 {
			continue
		}
		c := Change{Kernel: sp.name(), New: k.Version, Suite: k.Suite}
		if old != nil {
			c.Old = old.Version
		}
		pins[flavour] = &k.Pin
		changes = append(changes, c)
		if o.Catalog == "" {
			if err := s.remember(sp.record(), &record{Why: whyUpdate, Pin: &k.Pin}); err != nil {
				return nil, err
			}
		}
	}
	if o.Catalog != "" && len(changes) > 0 {
		return changes, catalog.SetPins(o.Catalog, e.Series, pins)
	}
	return changes, nil
}

// current is the pin to compare with: that of the catalogue being edited, or
// the one the store goes by.
func (s *Store) current(sp *spec, o *UpdateOptions) (*debian.Pin, error) {
	if o.Catalog != "" {
		return sp.entry.Pins[sp.flavour], nil
	}
	rec, err := s.recall(sp.record())
	if err != nil || rec.mine() {
		return nil, err
	}
	return sp.pin(rec), nil
}

// newest returns the newest kernel of a flavour whose packages can be had, nil
// if there is none.
func (s *Store) newest(ctx context.Context, offered []debian.Kernel, flavour string, o *GetOptions) (*debian.Kernel, error) {
	for i, k := range offered {
		if k.Flavour != flavour {
			continue
		}
		if s.canFetch(ctx, &k.Pin) {
			return &offered[i], nil
		}
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		o.notice("%s: listed in %s, but its packages are in no archive; passed over", k.Release, k.Suite)
	}
	return nil, nil
}

// canFetch asks whether all packages of a pin can be had from somewhere.
func (s *Store) canFetch(ctx context.Context, pin *debian.Pin) bool {
	for _, p := range pin.Packages {
		ok := slices.ContainsFunc(s.sites.URLs(p, pin.Snapshot), func(u string) bool {
			return s.client.Exists(ctx, u) == nil
		})
		if !ok {
			return false
		}
	}
	return true
}
