package debian

import (
	"net/url"
	"slices"
	"strings"
)

// The public archives that are not mirrors.
const (
	// DefaultSnapshot keeps every state Debian's archives ever had.
	DefaultSnapshot = "https://snapshot.debian.org/archive"
	// DefaultOld keeps the releases that have left the mirrors.
	DefaultOld = "https://archive.debian.org"
)

// Sites says where Debian's archives can be reached. Roots are URLs without a
// trailing slash; "dists" and "pool" lie below them.
type Sites struct {
	Main     []string // roots of mirrors of the main archive
	Security []string // roots of mirrors of the security archive
	Snapshot string   // root above which …/ARCHIVE/TIME lies; empty for none
	Old      string   // root above which …/ARCHIVE of old releases lies; empty for none
}

// Roots returns where the files of an archive may be, likeliest first: the
// mirrors, then the snapshot of the time given, if one is, then the archive of
// old releases.
func (s *Sites) Roots(archive, snapshot string) []string {
	roots := slices.Clone(s.Main)
	if archive == Security {
		roots = slices.Clone(s.Security)
	}
	if snapshot != "" && s.Snapshot != "" {
		roots = append(roots, s.Snapshot+"/"+archive+"/"+snapshot)
	}
	if s.Old != "" {
		roots = append(roots, s.Old+"/"+archive)
	}
	return roots
}

// URLs returns the addresses of a package, likeliest first.
func (s *Sites) URLs(p Package, snapshot string) []string {
	var urls []string
	for _, root := range s.Roots(p.Archive, snapshot) {
		urls = append(urls, root+"/"+escapePath(p.Path))
	}
	return urls
}

// escapePath escapes what must be in a URL's path. "+" and "~", which Debian's
// names are full of, may stand as they are, and some servers want them to.
func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// complete adds, for a mirror of one archive, the likely root of the other
// beside it. It applies only when no root of the other is known.
func (s *Sites) complete() {
	if len(s.Security) == 0 {
		for _, r := range s.Main {
			if base, ok := strings.CutSuffix(r, "/"+Main); ok {
				s.Security = append(s.Security, base+"/"+Security)
			}
		}
	}
	if len(s.Main) == 0 {
		for _, r := range s.Security {
			if base, ok := strings.CutSuffix(r, "/"+Security); ok {
				s.Main = append(s.Main, base+"/"+Main)
			}
		}
	}
}

// Environment variables that change where Debian's archives are.
const (
	EnvMirror   = "ASSAY_DEBIAN_MIRROR"   // roots of mirrors, space-separated
	EnvSnapshot = "ASSAY_DEBIAN_SNAPSHOT" // instead of DefaultSnapshot
	EnvOld      = "ASSAY_DEBIAN_ARCHIVE"  // instead of DefaultOld
)

// FindSites looks up the sites: from the environment, else from the host's apt
// configuration under etc/apt of the root file system, else only the public
// archives.
func FindSites(getenv func(string) string, aptRoot string) *Sites {
	s := &Sites{
		Snapshot: strings.TrimRight(orElse(getenv(EnvSnapshot), DefaultSnapshot), "/"),
		Old:      strings.TrimRight(orElse(getenv(EnvOld), DefaultOld), "/"),
	}
	if list := strings.Fields(getenv(EnvMirror)); len(list) > 0 {
		for _, root := range list {
			s.add(root, "")
		}
	} else {
		for _, src := range readApt(aptRoot) {
			s.add(src.uri, src.suite)
		}
	}
	s.complete()
	return s
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// add files a root under the archive it serves.
func (s *Sites) add(root, suite string) {
	root = strings.TrimRight(root, "/")
	list := &s.Main
	if isSecurity(root, suite) {
		list = &s.Security
	}
	if !slices.Contains(*list, root) {
		*list = append(*list, root)
	}
}

// isSecurity tells the security archive by its suites or its root's name.
func isSecurity(root, suite string) bool {
	if strings.HasSuffix(suite, "-security") || strings.HasSuffix(suite, "/updates") {
		return true
	}
	return suite == "" && strings.Contains(root[strings.LastIndex(root, "/debian")+1:], Security)
}
