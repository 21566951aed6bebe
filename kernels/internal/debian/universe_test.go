package debian

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

func TestResolve(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "trixie")
	add := func(name, version string, fields ...string) {
		s.Add(name, version, kerneltest.Deb("gzip", nil), fields...)
	}
	add("gcc", "4:14-1", "Depends: cpp (= 4:14-1), gcc-14 (>= 14.2.0-6~)", "Pre-Depends: dpkg")
	add("cpp", "4:14-1", "Depends: gcc") // each needs the other
	add("cpp", "4:15-1")
	add("gcc-14", "14.2.0-19", "Depends: libc-dev | nothing, nothing | binutils:any, ignored")
	add("libc6-dev", "2.41", "Provides: libc-dev, libc6.1-dev (= 2.41)")
	add("binutils", "2.44")
	s.Publish()
	ix, err := newClient(t, a).Index(t.Context(), Suite{Name: "trixie"}, false)
	if err != nil {
		t.Fatal(err)
	}
	var u Universe
	if err := u.Add(ix); err != nil {
		t.Fatal(err)
	}
	all := func(name string) bool { return name != "dpkg" && name != "ignored" }
	for name, tc := range map[string]struct {
		names  []string
		follow func(string) bool
		want   []string
	}{
		"newest":       {[]string{"cpp"}, nil, []string{"cpp=4:15-1"}},
		"exact":        {[]string{"cpp=4:14-1"}, nil, []string{"cpp=4:14-1"}},
		"follow":       {[]string{"gcc"}, all, []string{"binutils=2.44", "cpp=4:14-1", "gcc=4:14-1", "gcc-14=14.2.0-19", "libc6-dev=2.41"}},
		"virtual":      {[]string{"libc-dev"}, nil, []string{"libc6-dev=2.41"}},
		"follows some": {[]string{"gcc"}, func(n string) bool { return n == "cpp" }, []string{"cpp=4:14-1", "gcc=4:14-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := u.Resolve(tc.names, tc.follow)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range found {
				got = append(got, p.Name+"="+p.Version)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("packages differ (-want +got):\n%s", d)
			}
		})
	}
	_, err = u.Resolve([]string{"gcc", "none", "none"}, func(string) bool { return true })
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("error %v, want a *MissingError", err)
	}
	if d := cmp.Diff([]string{"none", "dpkg", "ignored"}, missing.Names); d != "" {
		t.Errorf("missing packages differ (-want +got):\n%s", d)
	}
}
