package kernels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/deb"
	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// A PackageQuery says which Debian packages are wanted.
type PackageQuery struct {
	// Suites are looked at together, such as "trixie" and "trixie-security";
	// the newest version of a package wins.
	Suites []string
	// Snapshot looks at the suites as they were, at a time in the form
	// 20060102T150405Z; empty for as they are.
	Snapshot string
	// Names are the packages: "gcc-14", or "linux-kbuild-6.1=6.1.192-2".
	Names []string
	// Follow tells whether to take in a package that one of the others
	// depends on; nil follows none. Of alternatives, the first one that
	// there is counts.
	Follow func(name string) bool
}

// A PackageSet is a directory with the contents of packages. Nothing was
// installed: no scripts were run, and absolute links lead to where their
// targets lie in the directory.
type PackageSet struct {
	Dir      string     `json:"-"`
	Packages []Unpacked `json:"packages"` // sorted by name
}

// Unpacked is one package of a PackageSet.
type Unpacked struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// packagesFile describes a PackageSet; it is what tells a whole one.
const packagesFile = ".packages.json"

// Packages fetches Debian packages through the signed indexes of their suites
// and unpacks them, together, into a directory of the store. What was unpacked
// before for the same names is returned without asking the network; suites of
// which an index cannot be read, or packages that none has, make a
// *NotAvailableError.
func (s *Store) Packages(ctx context.Context, q PackageQuery, o GetOptions) (*PackageSet, error) {
	label := strings.Join(q.Names, " ")
	list, err := s.packageList(ctx, q, o)
	if err != nil {
		var short *shortfall
		if errors.As(err, &short) {
			return nil, notAvailable(label, []*shortfall{short})
		}
		return nil, fmt.Errorf("packages %s: %w", label, err)
	}
	set, err := s.unpackAll(ctx, label, list, &o)
	var short *shortfall
	if errors.As(err, &short) {
		return nil, notAvailable(label, []*shortfall{short})
	}
	if err != nil {
		return nil, fmt.Errorf("packages %s: %w", label, err)
	}
	return set, nil
}

// resolved is what a query was found to stand for, as it is kept.
type resolved struct {
	Pin   debian.Pin `json:"pin"`
	Names []Unpacked `json:"names"`
}

// packageList finds what a query stands for: what it stood for the last time,
// if that is still here.
func (s *Store) packageList(ctx context.Context, q PackageQuery, o GetOptions) (*resolved, error) {
	followed := q.Follow != nil
	sum := sha256.Sum256(fmt.Appendln(nil, q.Suites, q.Snapshot, q.Names, followed))
	file := filepath.Join(s.root, "packages", hex.EncodeToString(sum[:6])+".json")
	var r resolved
	if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &r) == nil {
		if s.haveUnpacked(&r.Pin) {
			return &r, nil
		}
	}
	if o.Offline {
		return nil, &shortfall{why: "they are not in the cache, and the network is not to be used", hints: []string{hintConnect}}
	}
	found, err := s.findPackages(ctx, q, o)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	return found, whole.WriteFile(file, b)
}

// packageDir is where the packages of a pin are unpacked.
func (s *Store) packageDir(pin *debian.Pin) string {
	h := sha256.New()
	for _, p := range pin.Packages {
		fmt.Fprintln(h, p.SHA256)
	}
	return filepath.Join(s.root, "packages", hex.EncodeToString(h.Sum(nil))[:16])
}

// haveUnpacked tells whether the packages of a pin are in the store.
func (s *Store) haveUnpacked(pin *debian.Pin) bool {
	_, err := os.Stat(filepath.Join(s.packageDir(pin), packagesFile))
	return err == nil
}

// findPackages looks the query up in the indexes.
func (s *Store) findPackages(ctx context.Context, q PackageQuery, o GetOptions) (*resolved, error) {
	u := debian.Universe{}
	for _, name := range q.Suites {
		ix, err := s.archive().Index(ctx, debian.Suite{Name: name, Snapshot: q.Snapshot}, o.AllowExpired)
		if err != nil {
			return nil, indexShortfall(err)
		}
		if err := u.Add(ix); err != nil {
			return nil, fmt.Errorf("index of %s: %w", name, err)
		}
	}
	found, err := u.Resolve(q.Names, q.Follow)
	var missing *debian.MissingError
	if errors.As(err, &missing) {
		return nil, &shortfall{
			why:   fmt.Sprintf("no package %s in %s", strings.Join(missing.Names, ", "), strings.Join(q.Suites, ", ")),
			hints: []string{"name another version or suite"}, err: err,
		}
	}
	if err != nil {
		return nil, err
	}
	r := &resolved{Pin: debian.Pin{Snapshot: q.Snapshot}}
	for _, p := range found {
		r.Pin.Packages = append(r.Pin.Packages, p.Package)
		r.Names = append(r.Names, Unpacked{p.Name, p.Version, p.SHA256})
	}
	return r, nil
}

// unpackAll fetches and unpacks packages into their directory.
func (s *Store) unpackAll(ctx context.Context, label string, r *resolved, o *GetOptions) (*PackageSet, error) {
	dir := s.packageDir(&r.Pin)
	set := &PackageSet{Dir: dir, Packages: r.Names}
	lock, err := whole.Acquire(ctx, s.lockFile(filepath.Base(dir)), func(holder string) {
		o.notice("waiting for process %s, which is fetching %s", holder, label)
	})
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	if _, err := os.Stat(filepath.Join(dir, packagesFile)); err == nil {
		return set, nil
	}
	debs, err := s.fetchPackages(ctx, label, &r.Pin, o)
	if err != nil {
		return nil, err
	}
	if err := whole.Sweep(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	st, err := whole.NewStage(filepath.Dir(dir), filepath.Base(dir))
	if err != nil {
		return nil, err
	}
	defer st.Abort()
	if err := extractAll(st.Dir, debs); err != nil {
		return nil, err
	}
	b, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(st.Dir, packagesFile), b, 0o444); err != nil {
		return nil, err
	}
	for _, name := range debs {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	return set, st.Commit(dir)
}

// maxPackage bounds what a package may unpack to; kernels' debugging symbols
// are the largest there are.
var maxPackage = deb.Limits{Bytes: 32 << 30, Entries: 500_000}

func extractAll(dir string, debs []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	x := &deb.Extractor{Root: root}
	for _, name := range debs {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = deb.Walk(f, maxPackage, x.Visit)
		f.Close()
		if err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(name), err)
		}
	}
	return nil
}
