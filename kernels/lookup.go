package kernels

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/fetch"
)

// archive reads Debian's signed indexes.
func (s *Store) archive() *debian.Client {
	return &debian.Client{
		Sites: s.sites, Fetch: s.client, Keys: s.keys,
		Dir: filepath.Join(s.root, "indexes"), Now: s.now,
	}
}

// A survey reads indexes, each suite's once.
type survey struct {
	store        *Store
	allowExpired bool
	seen         map[debian.Suite]surveyed
}

// surveyed is what a survey found in a suite.
type surveyed struct {
	kernels []debian.Kernel
	err     error
}

func (s *Store) survey(allowExpired bool) *survey {
	return &survey{s, allowExpired, map[debian.Suite]surveyed{}}
}

func (v *survey) suite(ctx context.Context, suite debian.Suite) surveyed {
	if r, ok := v.seen[suite]; ok {
		return r
	}
	var r surveyed
	ix, err := v.store.archive().Index(ctx, suite, v.allowExpired)
	if err == nil {
		r.kernels, err = ix.Kernels()
	}
	if err != nil {
		r.err = fmt.Errorf("index of %s: %w", suite.Name, err)
	}
	v.seen[suite] = r
	return r
}

// kernels returns the kernels of a series that its suites' indexes offer,
// newest first. If some suites cannot be read, it returns what the others have
// along with the error.
func (v *survey) kernels(ctx context.Context, e *Entry) ([]debian.Kernel, error) {
	var all []debian.Kernel
	var errs []error
	for _, suite := range e.Suites() {
		r := v.suite(ctx, suite)
		if r.err != nil {
			errs = append(errs, r.err)
		}
		for _, k := range r.kernels {
			if catalog.InSeries(k.Version, e.Series) {
				all = append(all, k)
			}
		}
	}
	// Stable: of a kernel that two suites have, the first suite's is kept.
	slices.SortStableFunc(all, func(a, b debian.Kernel) int {
		return cmp.Or(debian.CompareVersions(b.Version, a.Version), cmp.Compare(a.Release, b.Release))
	})
	all = slices.CompactFunc(all, func(a, b debian.Kernel) bool { return a.Version == b.Version && a.Release == b.Release })
	return all, errors.Join(errs...)
}

// lookup finds what a name of the catalogue stands for in signed indexes: the
// version it states, or the newest there is.
func (s *Store) lookup(ctx context.Context, sp *spec, o *GetOptions) (*debian.Kernel, error) {
	if len(sp.entry.Suites()) == 0 {
		return nil, &shortfall{why: "the catalogue names no archive for it", hints: []string{hintAdd(sp.entry.Series)}}
	}
	all, surveyErr := s.survey(o.AllowExpired).kernels(ctx, sp.entry)
	k, err := s.choose(ctx, sp, all, o)
	switch {
	case err != nil:
		return nil, err
	case k != nil:
		return k, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case surveyErr != nil:
		return nil, lookupShortfall(sp, surveyErr)
	}
	return nil, &shortfall{
		why:   fmt.Sprintf("there is no %s kernel %s in %s", sp.flavour, orNewest(sp), suiteNames(sp.entry)),
		hints: []string{"see assay kernels versions " + sp.entry.Series},
	}
}

// choose picks, of the kernels offered, the version that is asked for, or the
// newest whose packages are really there; nil if there is none.
func (s *Store) choose(ctx context.Context, sp *spec, offered []debian.Kernel, o *GetOptions) (*debian.Kernel, error) {
	if sp.version == "" {
		return s.newest(ctx, offered, sp.flavour, o)
	}
	for i, k := range offered {
		if k.Flavour == sp.flavour && (sp.version == k.Version || sp.version == debian.Upstream(k.Version)) {
			return &offered[i], nil
		}
	}
	return nil, nil
}

func orNewest(sp *spec) string {
	if sp.version != "" {
		return sp.version
	}
	return "of series " + sp.entry.Series
}

func suiteNames(e *Entry) string {
	var names []string
	for _, s := range e.Suites() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// lookupShortfall tells why the indexes of a kernel could not be read.
func lookupShortfall(sp *spec, err error) error {
	f := indexShortfall(err)
	if (sp.entry.Debian.Frozen || sp.entry.Debian.Snapshot != "") && !errors.Is(err, debian.ErrExpired) {
		f.hints = []string{hintConnect, hintAdd(sp.entry.Series)}
	}
	return f
}

// indexShortfall tells why an index could not be read.
func indexShortfall(err error) *shortfall {
	f := &shortfall{why: err.Error(), hints: []string{hintConnect, hintMirror}, err: err}
	var fe *fetch.Error
	if errors.As(err, &fe) {
		f.why = "no source has the " + fe.File + " (" + fe.Brief() + ")"
	}
	f.why = strings.ReplaceAll(f.why, "\n", "; ")
	if errors.Is(err, debian.ErrExpired) {
		f.hints = []string{"use --allow-expired if that is the newest there is"}
	}
	return f
}
