package kernels

import (
	"context"
	"errors"
	"fmt"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/imagedir"
)

// A Version is one version of a kernel that a signed index offers.
type Version struct {
	// Name is what Get takes: "6.12@6.12.107-1".
	Name    string `json:"name"`
	Series  string `json:"series"`
	Flavour string `json:"flavour"`
	Release string `json:"release"`
	Version string `json:"version"`
	Suite   string `json:"suite"`
	Size    int64  `json:"size"` // of the download, in bytes
	// Pinned tells that the series' name stands for this version.
	Pinned bool `json:"pinned"`
	Cached bool `json:"cached"`
}

// Versions returns every version of the given series (of all, if none is
// given) that the signed indexes offer, newest first within a series. Indexes
// that cannot be read are told in o.Notice, or, if nothing could be read for a
// series that was named, as a *NotAvailableError.
func (s *Store) Versions(ctx context.Context, series []string, o GetOptions) ([]Version, error) {
	v := s.survey(o.AllowExpired)
	var entries catalog.Catalog
	for _, name := range series {
		e := s.catalog.Find(name)
		if e == nil {
			return nil, &UnknownError{Name: name, Nearest: nearest(s.catalog, name, nil)}
		}
		entries = append(entries, e)
	}
	named := len(entries) > 0
	if !named {
		entries = s.catalog
	}
	var all []Version
	for _, e := range entries {
		found, err := s.versionsOf(ctx, v, e)
		all = append(all, found...)
		switch {
		case ctx.Err() != nil:
			return all, context.Cause(ctx)
		case err != nil && named && len(found) == 0:
			return all, err
		case err != nil:
			o.notice("%v", err)
		}
	}
	return all, nil
}

func (s *Store) versionsOf(ctx context.Context, v *survey, e *Entry) ([]Version, error) {
	offered, err := v.kernels(ctx, e)
	var all []Version
	for i := range offered {
		k := &offered[i]
		sp := &spec{entry: e, flavour: k.Flavour, version: k.Version}
		_, missing := imagedir.Load(s.imageDir((&debianSource{pin: &k.Pin}).id()))
		pinned, err := s.current(&spec{entry: e, flavour: k.Flavour}, &UpdateOptions{})
		if err != nil {
			return nil, err
		}
		all = append(all, Version{
			Name: sp.name(), Series: e.Series, Flavour: k.Flavour,
			Release: k.Release, Version: k.Version, Suite: k.Suite, Size: k.Size(),
			Pinned: pinned != nil && pinned.Version == k.Version,
			Cached: missing == nil,
		})
	}
	return all, surveyError(e, err)
}

// surveyError makes an error of indexes that could not be read one that names
// the series and what to do.
func surveyError(e *Entry, err error) error {
	if err == nil {
		return nil
	}
	var short *shortfall
	if !errors.As(lookupShortfall(&spec{text: e.Series, entry: e}, err), &short) {
		return fmt.Errorf("versions of %s: %w", e.Series, err)
	}
	return notAvailable(e.Series, []*shortfall{short})
}
