package kernels

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/debian"
)

// headersPattern matches the packages that building a module for a Debian
// kernel takes, compiler aside.
var headersPattern = regexp.MustCompile(`^linux-(headers|kbuild)-`)

// Headers fetches what it takes to build a module for a Debian kernel: its
// headers, and the kbuild tools. It returns the directory to give to make -C.
//
// The kernel's suite may have dropped them; then they come from the snapshot
// archive's index of the day when the kernel was pinned, and failing that, with
// a notice, as the files whose digests the catalogue recorded from a mirror's pool.
// No signature covers these; that they fit the kernel shows when it loads a
// module that was built with them, since it compares the checksums of symbols.
func (s *Store) Headers(ctx context.Context, img *Image, o GetOptions) (string, error) {
	set, err := s.HeaderPackages(ctx, img, o)
	if err != nil {
		return "", err
	}
	return filepath.Join(set.Dir, HeadersDir(img)), nil
}

// HeadersDir is where, in the directory of its HeaderPackages, a kernel's headers
// are: usr/src/linux-headers-RELEASE.
func HeadersDir(img *Image) string { return path.Join("usr/src", "linux-headers-"+img.Release) }

// HeaderPackages is Headers for those who need the packages themselves.
func (s *Store) HeaderPackages(ctx context.Context, img *Image, o GetOptions) (*PackageSet, error) {
	e := s.catalog.Find(img.Series)
	if img.Source != "debian" || e == nil {
		return nil, &NotAvailableError{Kernel: img.Name, Reason: fmt.Sprintf("headers are only to be had for Debian's kernels, and it is from: %s; build modules in its own tree", img.Source)}
	}
	q := PackageQuery{
		Suites: e.Debian.Suites, Snapshot: e.Debian.Snapshot,
		Names:  []string{"linux-headers-" + img.Release + "=" + img.Version},
		Follow: headersPattern.MatchString,
	}
	pin := pinOf(e, img)
	set, err := s.Packages(ctx, q, o)
	if err != nil && pin != nil && q.Snapshot == "" {
		if again, errAgain := s.pinnedHeaders(ctx, e, pin, q, o); errAgain == nil {
			set, err = again, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("headers of kernel %s: %w", img.Name, err)
	}
	return set, nil
}

// pinOf is the pin that an image was fetched by, nil if the catalogue has moved on.
func pinOf(e *Entry, img *Image) *debian.Pin {
	for _, pin := range e.Pins {
		if pin.Release == img.Release && pin.Version == img.Version {
			return pin
		}
	}
	return nil
}

// pinnedHeaders finds headers that the suite has dropped. What is recorded is
// looked for in the store before the snapshot archive is asked, which may take long
// to be found out of reach.
func (s *Store) pinnedHeaders(ctx context.Context, e *Entry, pin *debian.Pin, q PackageQuery, o GetOptions) (*PackageSet, error) {
	recorded := recordedHeaders(pin)
	if recorded != nil && s.haveUnpacked(&recorded.Pin) {
		return s.unpackAll(ctx, "linux-headers-"+pin.Release, recorded, &o)
	}
	q.Snapshot = cmp.Or(e.Debian.Headers, pin.Snapshot)
	set, err := s.Packages(ctx, q, o)
	if err == nil || recorded == nil || o.Offline {
		return set, err
	}
	o.notice("%s: no signed index that can be reached lists its headers; taking files by the digests recorded in the catalogue", pin.Release)
	return s.unpackAll(ctx, "linux-headers-"+pin.Release, recorded, &o)
}

// recordedHeaders are the headers whose digests are in the catalogue; nil if none are.
func recordedHeaders(pin *debian.Pin) *resolved {
	if len(pin.Headers) == 0 {
		return nil
	}
	r := &resolved{Pin: debian.Pin{Snapshot: pin.Snapshot, Packages: pin.Headers}}
	for _, p := range pin.Headers {
		name, _, _ := strings.Cut(p.File(), "_")
		r.Names = append(r.Names, Unpacked{name, pin.Version, p.SHA256})
	}
	return r
}
