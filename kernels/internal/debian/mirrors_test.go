package debian

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aptRoot makes a file system with an apt configuration.
func aptRoot(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, "etc/apt", name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// siteTests are apt configurations, an environment, and what FindSites makes of
// them.
var siteTests = map[string]struct {
	apt            map[string]string
	env            string
	main, security []string
}{
	"one-line lists": {
		apt: map[string]string{"sources.list": `
# deb http://commented.example.org/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://a.example.org/debian/ bookworm main contrib # trailing
deb-src http://src.example.org/debian bookworm main
deb http://b.example.org/debian-security bookworm-security main
`},
		main: []string{"http://a.example.org/debian"}, security: []string{"http://b.example.org/debian-security"},
	},
	"deb822, security derived": {
		apt: map[string]string{"sources.list.d/debian.sources": `
Types: deb deb-src
# http://snapshot.example.org
URIs: https://a.example.org/debian
 https://b.example.org/debian
Suites: trixie trixie-updates
Components: main

Enabled: no
Types: deb
URIs: https://off.example.org/debian
Suites: trixie
Components: main
`},
		main:     []string{"https://a.example.org/debian", "https://b.example.org/debian"},
		security: []string{"https://a.example.org/debian-security", "https://b.example.org/debian-security"},
	},
	"only security": {
		apt:      map[string]string{"sources.list": "deb http://a.example.org/debian-security bullseye-security main\n"},
		main:     []string{"http://a.example.org/debian"},
		security: []string{"http://a.example.org/debian-security"},
	},
	"old security suite": {
		apt:      map[string]string{"sources.list": "deb http://a.example.org/debian-security buster/updates main\n"},
		main:     []string{"http://a.example.org/debian"},
		security: []string{"http://a.example.org/debian-security"},
	},
	"third parties and Ubuntu": {
		apt: map[string]string{"sources.list": `
deb https://containers.example.org/linux/debian bookworm stable
deb https://vendor.example.org/debian/12/prod bookworm main
deb https://database.example.org/apt bookworm-pgdg main
deb http://archive.example.org/ubuntu noble main
deb cdrom:[Debian]/ bookworm main
deb [broken http://x.example.org/debian bookworm main
`}},
	"mirror list": {
		apt: map[string]string{
			"sources.list.d/debian.sources": "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n",
			"mirrors/debian.list":           "# comment\nhttps://m1.example.org/debian\nhttps://m2.example.org/debian priority:2\n",
		},
		main:     []string{"https://m1.example.org/debian", "https://m2.example.org/debian"},
		security: []string{"https://m1.example.org/debian-security", "https://m2.example.org/debian-security"},
	},
	"snapshot as mirror": {
		apt:  map[string]string{"sources.list": "deb http://s.example.org/archive/debian/20250520T000000Z bookworm main\n"},
		main: []string{"http://s.example.org/archive/debian/20250520T000000Z"},
	},
	"environment goes first": {
		apt:      map[string]string{"sources.list": "deb http://a.example.org/debian bookworm main\n"},
		env:      " https://e.example.org/debian/  https://f.example.org/debian-security ",
		main:     []string{"https://e.example.org/debian"},
		security: []string{"https://f.example.org/debian-security"},
	},
	"nothing": {},
}

func TestFindSites(t *testing.T) {
	for name, tc := range siteTests {
		t.Run(name, func(t *testing.T) {
			getenv := func(key string) string {
				if key == EnvMirror {
					return tc.env
				}
				return ""
			}
			got := FindSites(getenv, aptRoot(t, tc.apt))
			want := &Sites{Main: tc.main, Security: tc.security, Snapshot: DefaultSnapshot, Old: DefaultOld}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("sites differ (-want +got):\n%s", d)
			}
		})
	}
}

func TestURLs(t *testing.T) {
	s := &Sites{Main: []string{"http://m"}, Security: []string{"http://s"}, Snapshot: "http://snap/archive", Old: "http://old"}
	p := Package{Archive: Security, Path: "pool/updates/main/l/linux/linux-image-6.12+deb13_6.12-1~bpo1_amd64.deb"}
	want := []string{
		"http://s/pool/updates/main/l/linux/linux-image-6.12+deb13_6.12-1~bpo1_amd64.deb",
		"http://snap/archive/debian-security/20260101T000000Z/pool/updates/main/l/linux/linux-image-6.12+deb13_6.12-1~bpo1_amd64.deb",
		"http://old/debian-security/pool/updates/main/l/linux/linux-image-6.12+deb13_6.12-1~bpo1_amd64.deb",
	}
	if d := cmp.Diff(want, s.URLs(p, "20260101T000000Z")); d != "" {
		t.Errorf("addresses differ (-want +got):\n%s", d)
	}
}
