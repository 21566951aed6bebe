package catalog

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// Every kernel of the catalogue can be had from somewhere, and what stands in
// its files is used.
func TestEmbedded(t *testing.T) {
	for _, e := range Embedded() {
		t.Run(e.Series, func(t *testing.T) {
			if e.About == "" || len(e.Modules) == 0 {
				t.Errorf("about %q, %d modules", e.About, len(e.Modules))
			}
			if len(e.Suites()) == 0 && len(e.Images) == 0 {
				t.Error("it comes from nowhere")
			}
			if e.Pins[Flavours[0]] == nil && !e.Debian.Frozen && e.Debian.Snapshot == "" {
				t.Error("it has no pin, and nothing says why")
			}
			for flavour := range e.Pins {
				if !slices.Contains(e.Debian.Flavours, flavour) {
					t.Errorf("flavour %s is pinned but never updated", flavour)
				}
			}
		})
	}
	if e := Embedded().Find("5.10"); slices.Contains(e.Modules, "tls") || !slices.Contains(e.Modules, "veth") {
		t.Errorf("modules of 5.10 are %v; want veth and not tls, which it lacks", e.Modules)
	}
}

func TestReadRefuses(t *testing.T) {
	const pin = "\npins: {cloud: {release: 6.1.0-1-cloud-amd64, version: \"1\", suite: s, packages: [{archive: debian, path: pool/x.deb, size: 1, sha256: aa}]}}\n"
	for name, tc := range map[string]struct{ name, text, want string }{
		"unknown key":      {"6.1.yaml", "series: \"6.1\"\nmodulse: []\n", "modulse"},
		"number as series": {"6.1.yaml", "series: six\n", "bad series"},
		"name of the file": {"6.2.yaml", "series: \"6.1\"\n", "describes series \"6.1\""},
		"has and lacks":    {"6.1.yaml", "series: \"6.1\"\nhas: [tcx]\nlacks: [tcx]\n", "both has and lacks"},
		"without nothing":  {"6.1.yaml", "series: \"6.1\"\nwithout: [nope]\n", "not common"},
		"splat, no reason": {"6.1.yaml", "series: \"6.1\"\nsplats: [{match: x}]\n", "both match and reason"},
		"splat, no regexp": {"6.1.yaml", "series: \"6.1\"\nsplats: [{match: \"(\", reason: y}]\n", "splat"},
		"bad pin":          {"6.1.yaml", "series: \"6.1\"" + pin, "bad sha256"},
		"unknown flavour":  {"6.1.yaml", "series: \"6.1\"" + strings.Replace(pin, "cloud:", "cloudy:", 1), "unknown flavour"},
		"pin of another":   {"6.2.yaml", "series: \"6.2\"" + strings.Replace(pin, "aa}", strings.Repeat("a", 64)+"}", 1), "not of this series"},
		"empty":            {"6.1.yaml", "", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(fstest.MapFS{
				commonFile: {Data: []byte("modules: [veth]\n")},
				tc.name:    {Data: []byte(tc.text)},
			})
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.name) {
				t.Errorf("error %v, want one with %q that names %s", err, tc.want, tc.name)
			}
		})
	}
}

func TestInSeries(t *testing.T) {
	for _, tc := range []struct {
		release, series string
		want            bool
	}{
		{"6.12.107+deb13-amd64", "6.12", true},
		{"6.12.107+deb13-amd64", "6.1", false},
		{"6.1.0-56-cloud-amd64", "6.1", true},
		{"7.3~rc7-1~exp1", "7.3", true},
		{"7.3-cloud-amd64", "7.3", true},
		{"16.1", "6.1", false},
	} {
		if got := InSeries(tc.release, tc.series); got != tc.want {
			t.Errorf("InSeries(%q, %q) = %v, want %v", tc.release, tc.series, got, tc.want)
		}
	}
}

const edited = `series: "6.1"
about: Debian 12

# What it has was measured.
has: []
# And this, too.
lacks:
  - old
  - older

# A comment that belongs to splats.
splats: []
`

func TestSetFeatures(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "6.1.yaml")
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := SetFeatures(dir, "6.1", []string{"tcx", "netkit"}, []string{}); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(edited, "has: []", "has:\n  - tcx\n  - netkit", 1)
	want = strings.Replace(want, "lacks:\n  - old\n  - older", "lacks: []", 1)
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("file differs (-want +got):\n%s", d)
	}
}

func TestSpliceKeyAppends(t *testing.T) {
	got, err := spliceKey([]byte("a: 1\n"), "b", map[string]int{"c": 2})
	if want := "a: 1\n\nb:\n  c: 2\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}
