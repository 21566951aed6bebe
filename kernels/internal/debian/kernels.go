package debian

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Kernel is a kernel that an index offers.
type Kernel struct {
	Flavour string `json:"flavour"` // "cloud", "generic" or "rt"
	Pin
}

// imagePattern matches the packages a kernel is made of and captures its
// release. Unsigned twins, debugging symbols and metapackages do not match.
var imagePattern = regexp.MustCompile(`^linux-(image|base|binary|modules)-([0-9][0-9A-Za-z.+~-]*-amd64)$`)

// Kernels returns every kernel that the index offers whole, newest first.
//
// Up to Linux 6.18, linux-image-RELEASE holds all of a kernel. From 6.19 on it
// is empty and depends on linux-base, linux-binary and linux-modules, which may
// be missing from an index that still lists the others; such a kernel is not
// offered.
func (x *Index) Kernels() ([]Kernel, error) {
	records, err := x.Records(imagePattern.MatchString)
	if err != nil {
		return nil, err
	}
	type key struct{ release, version string }
	parts := map[key]map[string]*Record{}
	for i := range records {
		m := imagePattern.FindStringSubmatch(records[i].Name)
		k := key{m[2], records[i].Version}
		if parts[k] == nil {
			parts[k] = map[string]*Record{}
		}
		parts[k][m[1]] = &records[i]
	}
	var all []Kernel
	for k, set := range parts {
		kernel := Kernel{Flavour: flavourOf(k.release), Pin: Pin{
			Release: k.release, Version: k.version,
			Suite: x.Suite.Name, Snapshot: x.snapshot(),
		}}
		if kernel.Packages, err = x.kernelPackages(set); err != nil {
			return nil, err
		}
		if kernel.Packages != nil {
			all = append(all, kernel)
		}
	}
	slices.SortFunc(all, func(a, b Kernel) int {
		if c := CompareVersions(b.Version, a.Version); c != 0 {
			return c
		}
		return strings.Compare(a.Release, b.Release)
	})
	return all, nil
}

// kernelPackages picks the packages that make up a kernel, nil if the index
// lacks one.
func (x *Index) kernelPackages(set map[string]*Record) ([]Package, error) {
	need := []string{"base", "binary", "modules"}
	if img := set["image"]; img != nil && set["binary"] == nil && !empty(img) {
		need = []string{"image"}
	}
	var pkgs []Package
	for _, part := range need {
		rec := set[part]
		if rec == nil {
			return nil, nil
		}
		p, err := rec.pkg(x.Suite.Archive())
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

// empty tells whether a linux-image package only depends on the ones that hold
// the kernel, like linux-image-6.12-amd64 and, from 6.19 on, all of them.
func empty(image *Record) bool {
	return strings.Contains(image.Depends, "linux-image-") || strings.Contains(image.Depends, "linux-binary-")
}

// snapshotDelay is how long after a release's date the snapshot archive surely
// has it; it looks at the archives every six hours.
const snapshotDelay = 12 * time.Hour

// snapshot is a time at which the snapshot archive has what the index lists.
func (x *Index) snapshot() string {
	if x.Suite.Snapshot != "" {
		return x.Suite.Snapshot
	}
	return x.Release.Date.UTC().Add(snapshotDelay).Format(SnapshotTime)
}

// flavourOf tells the flavour by the release: 6.1.0-56-cloud-amd64.
func flavourOf(release string) string {
	rest := strings.TrimSuffix(release, "-amd64")
	for _, f := range []string{"cloud", "rt"} {
		if strings.HasSuffix(rest, "-"+f) {
			return f
		}
	}
	return "generic"
}
