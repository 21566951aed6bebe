package kernels

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
)

// headersPattern matches the packages that building a module for a Debian
// kernel takes, compiler aside.
var headersPattern = regexp.MustCompile(`^linux-(headers|kbuild)-`)

// Headers fetches what it takes to build a module for a Debian kernel: its
// headers, and the kbuild tools. It returns the directory to give to make -C.
// The kernel's suite may have dropped them; then they come from the snapshot
// archive's index of the day when the kernel was pinned.
func (s *Store) Headers(ctx context.Context, img *Image, o GetOptions) (string, error) {
	e := s.catalog.Find(img.Series)
	if img.Source != "debian" || e == nil {
		return "", &NotAvailableError{Kernel: img.Name, Reason: fmt.Sprintf("headers are only to be had for Debian's kernels, and it is from: %s; build modules in its own tree", img.Source)}
	}
	q := PackageQuery{
		Suites: e.Debian.Suites, Snapshot: e.Debian.Snapshot,
		Names:  []string{"linux-headers-" + img.Release + "=" + img.Version},
		Follow: headersPattern.MatchString,
	}
	set, err := s.Packages(ctx, q, o)
	if at := headersAt(e, img); err != nil && at != "" && q.Snapshot == "" {
		q.Snapshot = at
		var again error
		if set, again = s.Packages(ctx, q, o); again == nil {
			err = nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("headers of kernel %s: %w", img.Name, err)
	}
	return filepath.Join(set.Dir, "usr/src", "linux-headers-"+img.Release), nil
}

// headersAt is a time at which the snapshot archive's indexes list the headers
// of an image, "" if the catalogue knows none.
func headersAt(e *Entry, img *Image) string {
	for _, pin := range e.Pins {
		if pin.Release == img.Release && pin.Version == img.Version {
			return cmp.Or(e.Debian.Headers, pin.Snapshot)
		}
	}
	return ""
}
