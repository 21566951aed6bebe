package kernels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// withHeaders publishes the headers of withKernels' 6.1 in a suite of the lab.
func withHeaders(t *testing.T, l *lab, a *kerneltest.Archive, archive string) {
	t.Helper()
	const v = "6.1.10-1"
	s := a.Suite(archive, "bookworm-security")
	pkg := func(files kerneltest.Files) []byte { return kerneltest.Deb("xz", files) }
	s.Add("linux-headers-6.1.0-10-cloud-amd64", v, pkg(kerneltest.Files{
		"usr/src/linux-headers-6.1.0-10-cloud-amd64/Makefile": "include ../linux-headers-6.1.0-10-common/Makefile",
		"lib/modules/6.1.0-10-cloud-amd64/build":              "-> /usr/src/linux-headers-6.1.0-10-cloud-amd64",
	}), "Depends: linux-headers-6.1.0-10-common (= "+v+"), linux-kbuild-6.1 (>= 6.1~) | linux-kbuild, linux-compiler-gcc-12-x86, other:any (= 2)")
	s.Add("linux-headers-6.1.0-10-common", v, pkg(kerneltest.Files{"usr/src/linux-headers-6.1.0-10-common/Makefile": "all:"}))
	s.Add("linux-kbuild-6.1", v, pkg(kerneltest.Files{"usr/lib/linux-kbuild-6.1/scripts/x": "x"}))
	s.Add("linux-kbuild-6.1", "6.1.9-1", pkg(kerneltest.Files{"usr/lib/linux-kbuild-6.1/scripts/x": "old"}))
	s.Publish()
}

func TestPackages(t *testing.T) {
	l := withKernels(t)
	withHeaders(t, l, l.mirror, debian.Security)
	q := PackageQuery{Suites: []string{"bookworm-security", "bookworm"}, Names: []string{"linux-kbuild-6.1", "linux-headers-6.1.0-10-common=6.1.10-1"}}
	set, err := l.Packages(t.Context(), q, l.options())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range set.Packages {
		got = append(got, p.Name+"="+p.Version)
	}
	if d := cmp.Diff([]string{"linux-headers-6.1.0-10-common=6.1.10-1", "linux-kbuild-6.1=6.1.10-1"}, got); d != "" {
		t.Errorf("packages differ (-want +got):\n%s", d)
	}
	for file, want := range map[string]string{"usr/lib/linux-kbuild-6.1/scripts/x": "x", "usr/src/linux-headers-6.1.0-10-common/Makefile": "all:"} {
		if b, err := os.ReadFile(filepath.Join(set.Dir, file)); err != nil || string(b) != want {
			t.Errorf("%s holds %q, %v; want %q", file, b, err, want)
		}
	}
	before := l.requests()
	o := l.options()
	o.Offline = true
	again, err := l.Packages(t.Context(), q, o)
	if err != nil || again.Dir != set.Dir || l.requests() != before {
		t.Errorf("again, offline: %+v, %v", again, err)
	}
	q.Names = []string{"linux-kbuild-6.1", "nope", "linux-kbuild-6.1=7"}
	_, err = l.Packages(t.Context(), q, l.options())
	wantNotAvailable(t, err, "linux-kbuild-6.1 nope linux-kbuild-6.1=7", "no package nope, linux-kbuild-6.1=7 in bookworm-security, bookworm")
}

func TestHeaders(t *testing.T) {
	l := withKernels(t)
	withHeaders(t, l, l.mirror, debian.Security)
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := l.Headers(t.Context(), img, l.options())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"Makefile", "../linux-headers-6.1.0-10-common/Makefile", "../../lib/linux-kbuild-6.1/scripts/x", "../../../lib/modules/6.1.0-10-cloud-amd64/build/Makefile"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
}

// Headers that the suite has dropped come from the index of the day when the
// kernel was pinned.
func TestHeadersSnapshot(t *testing.T) {
	l := withKernels(t)
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	at := l.catalog.Find("6.1").Pins["cloud"].Snapshot
	withHeaders(t, l, l.snapshot, "archive/debian-security/"+at)
	l.snapshot.Suite("archive/debian/"+at, "bookworm").Publish()
	dir, err := l.Headers(t.Context(), img, l.options())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(dir, "/usr/src/linux-headers-6.1.0-10-cloud-amd64") {
		t.Errorf("headers are in %s", dir)
	}
}

func TestHeadersOfLocal(t *testing.T) {
	l := newLab(t, nil)
	img, err := l.Get(t.Context(), writeFile(t, "bzImage", old.BzImage("gzip")), l.options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Headers(t.Context(), img, l.options())
	wantNotAvailable(t, err, img.Name, "it is from: local")
}
