// Package debian gets kernels out of Debian's archive: from its mirrors, its
// snapshots and its archive of old releases, through its signed indexes, and
// out of the packages.
package debian

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Names of Debian's two archives. Their layouts are alike; mirrors serve each
// under its own root.
const (
	Main     = "debian"
	Security = "debian-security"
)

// SnapshotTime is the format of times in snapshot.debian.org's addresses, UTC.
const SnapshotTime = "20060102T150405Z"

// A Pin states exactly which packages make up one kernel.
type Pin struct {
	// Release is what uname -r prints.
	Release string `yaml:"release" json:"release"`
	// Version is the packages' common version.
	Version string `yaml:"version" json:"version"`
	// Suite is the suite whose signed index listed the packages.
	Suite string `yaml:"suite" json:"suite"`
	// Snapshot is a time at which the suite had them, in SnapshotTime's format.
	Snapshot string `yaml:"snapshot,omitempty" json:"snapshot,omitempty"`
	// Packages are the files, all of them needed.
	Packages []Package `yaml:"packages" json:"packages"`
	// Headers are the files of the kernel's headers and kbuild tools, for a
	// kernel whose suite has dropped them. No signed index vouches for
	// these digests: they are what a mirror had when they were recorded.
	Headers []Package `yaml:"headers,omitempty" json:"headers,omitempty"`
}

// A Package is one .deb file in an archive's pool.
type Package struct {
	Archive string `yaml:"archive" json:"archive"` // Main or Security
	Path    string `yaml:"path" json:"path"`       // pool/…
	Size    int64  `yaml:"size" json:"size"`       // in bytes
	SHA256  string `yaml:"sha256" json:"sha256"`   // hex
}

// File is the package's file name.
func (p Package) File() string { return path.Base(p.Path) }

// Size is how much there is to download for the pin, in bytes.
func (p *Pin) Size() int64 {
	var n int64
	for _, pkg := range p.Packages {
		n += pkg.Size
	}
	return n
}

// Patterns a pin's fields must match: they become parts of file names and URLs.
var (
	releasePattern = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~_-]*$`)
	poolPattern    = regexp.MustCompile(`^pool/[0-9A-Za-z.+~_/-]+\.deb$`)
	sha256Pattern  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Check finds what is wrong with a pin's form.
func (p *Pin) Check() error {
	if !releasePattern.MatchString(p.Release) {
		return fmt.Errorf("bad release %q", p.Release)
	}
	if p.Version == "" || p.Suite == "" {
		return fmt.Errorf("pin of %s lacks its version or suite", p.Release)
	}
	if p.Snapshot != "" {
		if _, err := time.Parse(SnapshotTime, p.Snapshot); err != nil {
			return fmt.Errorf("pin of %s: bad snapshot: %w", p.Release, err)
		}
	}
	if len(p.Packages) == 0 {
		return fmt.Errorf("pin of %s has no packages", p.Release)
	}
	for _, pkg := range slices.Concat(p.Packages, p.Headers) {
		if err := pkg.check(); err != nil {
			return fmt.Errorf("pin of %s: package %s: %w", p.Release, pkg.File(), err)
		}
	}
	return nil
}

func (p Package) check() error {
	switch {
	case p.Archive != Main && p.Archive != Security:
		return fmt.Errorf("unknown archive %q", p.Archive)
	case !poolPattern.MatchString(p.Path) || strings.Contains(p.Path, ".."):
		return fmt.Errorf("bad pool path %q", p.Path)
	case p.Size <= 0:
		return errors.New("no size")
	case !sha256Pattern.MatchString(p.SHA256):
		return fmt.Errorf("bad sha256 %q", p.SHA256)
	}
	return nil
}
