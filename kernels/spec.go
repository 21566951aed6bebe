package kernels

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels/catalog"
)

// A spec is a kernel's name, taken apart. Exactly one of entry, path, ref and
// added is set.
type spec struct {
	text string // as the user wrote it

	entry   *Entry // of the catalogue
	flavour string // with entry
	version string // with entry; empty for the pinned one

	path    string // of a local kernel
	modules string // with path: its module directory, or empty

	ref string // of an OCI image

	added string // name of a kernel the user added to the store
}

// ociPrefix marks a kernel that is an OCI image.
const ociPrefix = "oci:"

// namePattern is what an added kernel may be called.
var namePattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._+-]*$`)

// maxName bounds names and versions, which become parts of file names.
const maxName = 64

func validName(name string) bool { return len(name) <= maxName && namePattern.MatchString(name) }

// versionPattern is the form of Debian versions (deb-version(7)).
var versionPattern = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~:-]*$`)

// parseName takes a kernel's name apart. The name of an added kernel is not
// recognised here, where there is no store; see Store.parse.
//
//	6.12  6.12-generic  6.12@6.12.107-1  6.12-rt@6.12.107-1
//	./bzImage  /boot/vmlinuz:/lib/modules/6.1.0  oci:quay.io/…:4.19-main
func parseName(c catalog.Catalog, text string) (*spec, error) {
	switch {
	case text == "":
		return nil, errors.New("empty kernel name")
	case strings.HasPrefix(text, ociPrefix):
		return &spec{text: text, ref: strings.TrimPrefix(text, ociPrefix)}, nil
	case strings.ContainsRune(text, filepath.Separator) || text[0] == '.' || text[0] == '~':
		return parsePath(text)
	}
	name, version, at := strings.Cut(text, "@")
	if at && (len(version) > maxName || !versionPattern.MatchString(version)) {
		return nil, &UsageError{fmt.Sprintf("kernel %s: bad version %q\nsee assay kernels versions for those there are", text, version)}
	}
	series, flavour, found := strings.Cut(name, "-")
	if !found {
		flavour = Flavours[0]
	}
	e := c.Find(series)
	if e == nil || !slices.Contains(Flavours, flavour) {
		return nil, &UnknownError{Name: text, Nearest: nearest(c, text, nil)}
	}
	return &spec{text: text, entry: e, flavour: flavour, version: version}, nil
}

// parsePath takes FILE or FILE:MODULES apart. A file name may itself have a
// colon, so a path that exists as it stands is a file.
func parsePath(text string) (*spec, error) {
	p := text
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			p = filepath.Join(home, rest)
		}
	}
	sp := &spec{text: text, path: p}
	if _, err := os.Stat(p); err == nil {
		return sp, nil
	}
	if i := strings.LastIndexByte(p, ':'); i > 0 {
		sp.path, sp.modules = p[:i], p[i+1:]
	}
	if _, err := os.Stat(sp.path); err != nil {
		return nil, fmt.Errorf("kernel %s: %w", text, err)
	}
	return sp, nil
}

// name is how the store calls a kernel of the catalogue: the default flavour
// goes without saying.
func (s *spec) name() string {
	if s.entry == nil {
		return s.text
	}
	name := s.entry.Series
	if s.flavour != Flavours[0] {
		name += "-" + s.flavour
	}
	if s.version != "" {
		name += "@" + s.version
	}
	return name
}

// record is the name under which the store remembers what was found; it is
// fit for a file name.
func (s *spec) record() string {
	if s.ref != "" {
		sum := sha256.Sum256([]byte(s.ref))
		return "oci-" + hex.EncodeToString(sum[:6])
	}
	return s.name()
}

// nearest returns the known name that is most like the one given, "" if none
// is at all like it.
func nearest(c catalog.Catalog, name string, added []string) string {
	var known []string
	for _, e := range c {
		known = append(known, e.Series)
		for flavour := range e.Pins {
			known = append(known, e.Series+"-"+flavour)
		}
	}
	known = append(known, added...)
	slices.Sort(known)
	best := slices.MinFunc(known, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(name, a), distance(name, b)), // of those alike,
			cmp.Compare(abs(len(name)-len(a)), abs(len(name)-len(b)))) // one as long
	})
	if distance(name, best) > max(1, len(name)/2) {
		return ""
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance is the Levenshtein distance: how many characters to add, drop or
// change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diag
			if a[i] != b[j] {
				change++
			}
			diag = row[j+1]
			row[j+1] = min(change, row[j]+1, diag+1)
		}
	}
	return row[len(b)]
}
