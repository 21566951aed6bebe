package kernels

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/kernels/catalog"
)

// AddOptions names the files that go with a kernel that is added.
type AddOptions struct {
	Modules string // directory with its modules, or empty
	Config  string // its build configuration, or empty
}

// Add puts the bzImage or ELF kernel in file into the store under a name of
// the user's. A name of the catalogue, such as "4.19", makes the kernel stand
// in for the catalogue's; it must then be of that series.
func (s *Store) Add(ctx context.Context, name, file string, o AddOptions) (*Image, error) {
	src, err := newLocalSource(file, o.Modules, o.Config)
	if err != nil {
		return nil, err
	}
	return s.adopt(ctx, name, src, &record{Why: whyAdded, From: absolute(file)})
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// adopt realises src and records it under name.
func (s *Store) adopt(ctx context.Context, name string, src *localSource, rec *record) (*Image, error) {
	if err := s.checkName(name, src.release); err != nil {
		return nil, err
	}
	sp := &spec{text: name, added: name}
	img, err := s.realise(ctx, sp, src, &GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("add kernel %s: %w", name, err)
	}
	rec.Image = src.id()
	if err := s.remember(name, rec); err != nil {
		return nil, fmt.Errorf("add kernel %s: %w", name, err)
	}
	return img, nil
}

func badName(name string) error {
	return &UsageError{fmt.Sprintf("bad kernel name %q: use letters, digits, and . _ + -", name)}
}

// checkName finds whether a kernel may have a name.
func (s *Store) checkName(name, release string) error {
	if !validName(name) {
		return badName(name)
	}
	sp, err := parseName(s.catalog, name)
	if err == nil && !catalog.InSeries(release, sp.entry.Series) {
		return &UsageError{fmt.Sprintf("kernel name %s belongs to series %s, but the kernel is %s; choose another name", name, sp.entry.Series, release)}
	}
	return nil
}

// addedSource is a kernel that the user added. What is in the store is all
// there is of it.
type addedSource struct {
	name string
	rec  *record
}

func (a *addedSource) id() string      { return a.rec.Image }
func (a *addedSource) kind() string    { return "local" }
func (a *addedSource) remote() bool    { return false }
func (a *addedSource) version() string { return "" }

func (a *addedSource) fill(context.Context, *Store, string, *GetOptions) error {
	return &shortfall{
		why:   fmt.Sprintf("it was added from %s, and its files are gone from the cache or damaged", a.rec.From),
		hints: []string{fmt.Sprintf("add it again: assay kernels add %s %s", a.name, a.rec.From)},
	}
}

// parse takes a kernel's name apart, like parseName, and knows the names that were
// added, which come first.
func (s *Store) parse(name string) (*spec, error) {
	if validName(name) {
		rec, err := s.recall(name)
		if err != nil {
			return nil, err
		}
		if rec.mine() {
			return &spec{text: name, added: name}, nil
		}
	}
	sp, err := parseName(s.catalog, name)
	var unknown *UnknownError
	if errors.As(err, &unknown) {
		added, err := s.addedNames()
		if err != nil {
			return nil, err
		}
		unknown.Nearest = nearest(s.catalog, name, added)
	}
	return sp, err
}

// addedNames returns the names the user gave to kernels.
func (s *Store) addedNames() ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(s.recordFile("")))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || strings.HasPrefix(name, ".") { // a file being written
			continue
		}
		rec, err := s.recall(name)
		if err != nil {
			return nil, err
		}
		if rec.mine() {
			names = append(names, name)
		}
	}
	return names, nil
}
