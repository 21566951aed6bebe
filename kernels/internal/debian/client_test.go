package debian

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// newClient makes a client whose only mirror is a.
func newClient(t *testing.T, a *kerneltest.Archive) *Client {
	c := &Client{
		Sites: &Sites{Main: []string{a.URL + "/debian"}, Security: []string{a.URL + "/debian-security"}},
		Fetch: fetch.New(nil), Keys: a.Keys, Dir: t.TempDir(), Now: time.Now,
	}
	c.Fetch.Pause = time.Millisecond
	return c
}

func kernelOf(release string) kerneltest.Kernel {
	return kerneltest.Kernel{Release: release, PVH: true, BTF: true}
}

func TestKernels(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "trixie-backports")
	s.AddKernel("usr", "6.18.15-1~bpo13+1", kernelOf("6.18.15+deb13-cloud-amd64"))
	s.AddKernel("usr", "6.18.9-1~bpo13+1", kernelOf("6.18.9+deb13-rt-amd64"))
	s.AddKernel("modules", "7.2.12-1~bpo13+1", kernelOf("7.2.12+deb13-amd64"))
	s.AddKernel("binary", "6.19.14-1~bpo13+1", kernelOf("6.19.14+deb13-amd64"))
	// What an index keeps of a kernel that was superseded.
	s.Add("linux-binary-7.1.13+deb13-cloud-amd64", "7.1.13-1~bpo13+1", kerneltest.Deb("gzip", nil))
	// Base and binary of different versions are no kernel.
	s.Add("linux-base-7.0.1+deb13-amd64", "7.0.1-1", kerneltest.Deb("gzip", nil))
	s.Add("linux-modules-7.0.1+deb13-amd64", "7.0.1-1", kerneltest.Deb("gzip", nil))
	s.Add("linux-binary-7.0.1+deb13-amd64", "7.0.1-2", kerneltest.Deb("gzip", nil))
	// Neither are these.
	s.Add("linux-image-amd64", "7.2.12-1~bpo13+1", kerneltest.Deb("gzip", nil), "Depends: linux-image-7.2.12+deb13-amd64")
	s.Add("linux-image-6.18-amd64", "6.18.15-1", kerneltest.Deb("gzip", nil), "Depends: linux-image-6.18.15+deb13-amd64 (= 6.18.15-1)")
	s.Add("linux-image-6.18.15+deb13-amd64-dbg", "6.18.15-1", kerneltest.Deb("gzip", nil))
	s.Add("linux-image-6.18.15+deb13-amd64-unsigned", "6.18.15-1", kerneltest.Deb("gzip", nil))
	s.Add("linux-headers-6.18.15+deb13-amd64", "6.18.15-1", kerneltest.Deb("gzip", nil))
	s.Publish()

	ix, err := newClient(t, a).Index(t.Context(), Suite{Name: "trixie-backports"}, false)
	if err != nil {
		t.Fatal(err)
	}
	all, err := ix.Kernels()
	if err != nil {
		t.Fatal(err)
	}
	type brief struct {
		flavour, release, version string
		packages                  int
	}
	var got []brief
	for _, k := range all {
		if err := k.Check(); err != nil {
			t.Error(err)
		}
		if k.Suite != "trixie-backports" || k.Snapshot == "" {
			t.Errorf("%s: suite %q, snapshot %q", k.Release, k.Suite, k.Snapshot)
		}
		got = append(got, brief{k.Flavour, k.Release, k.Version, len(k.Packages)})
	}
	want := []brief{
		{"generic", "7.2.12+deb13-amd64", "7.2.12-1~bpo13+1", 3},
		{"generic", "6.19.14+deb13-amd64", "6.19.14-1~bpo13+1", 3},
		{"cloud", "6.18.15+deb13-cloud-amd64", "6.18.15-1~bpo13+1", 1},
		{"rt", "6.18.9+deb13-rt-amd64", "6.18.9-1~bpo13+1", 1},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(brief{})); d != "" {
		t.Errorf("kernels differ (-want +got):\n%s", d)
	}
}

func TestIndexIsKept(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "trixie")
	s.Publish()
	c := newClient(t, a)
	for range 2 {
		if _, err := c.Index(t.Context(), Suite{Name: "trixie"}, false); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(a.Requests("by-hash")); n != 1 {
		t.Errorf("package index was fetched %d times, want once", n)
	}
}

func TestIndexRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(a *kerneltest.Archive, s *kerneltest.Suite)
		want  error
	}{
		"signed by another": {func(_ *kerneltest.Archive, s *kerneltest.Suite) { s.Signer = kerneltest.NewKey(); s.Publish() }, ErrSignature},
		"another suite's": {func(_ *kerneltest.Archive, s *kerneltest.Suite) {
			s.Codename = "bookworm"
			s.SuiteName = "oldstable"
			s.Publish()
		}, ErrSignature},
		"expired": {func(_ *kerneltest.Archive, s *kerneltest.Suite) {
			s.Date, s.ValidUntil = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
			s.Publish()
		}, ErrExpired},
		"packages changed": {func(a *kerneltest.Archive, s *kerneltest.Suite) {
			s.Publish()
			a.Replace("Packages.xz", []byte("evil"))
			a.Replace("by-hash", []byte("evil"))
		}, nil},
		"missing": {func(a *kerneltest.Archive, _ *kerneltest.Suite) {}, fetch.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			a := kerneltest.NewArchive(t)
			tc.spoil(a, a.Suite(Main, "trixie"))
			_, err := newClient(t, a).Index(t.Context(), Suite{Name: "trixie"}, false)
			var fe *fetch.Error
			if !errors.As(err, &fe) {
				t.Fatalf("error %v, want a *fetch.Error", err)
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func TestIndexExpired(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "sid")
	s.Date, s.ValidUntil = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	s.Publish()
	c := newClient(t, a)
	if _, err := c.Index(t.Context(), Suite{Name: "sid"}, true); err != nil {
		t.Errorf("expired index, allowed: %v", err)
	}
	if _, err := c.Index(t.Context(), Suite{Name: "sid", Frozen: true}, false); err != nil {
		t.Errorf("expired index of a frozen suite: %v", err)
	}
}

// A mirror that lags must not hide one that does not.
func TestIndexNextSite(t *testing.T) {
	stale, good := kerneltest.NewArchive(t), kerneltest.NewArchive(t)
	s := stale.Suite(Main, "trixie")
	s.ValidUntil = time.Now().Add(-time.Hour)
	s.Publish()
	good.Suite(Main, "trixie").Publish()
	c := newClient(t, good)
	c.Keys = append(stale.Keys, good.Keys...)
	c.Sites.Main = []string{stale.URL + "/debian", good.URL + "/debian"}
	ix, err := c.Index(t.Context(), Suite{Name: "trixie"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := ix.Release.Fresh(time.Now()); err != nil {
		t.Error(err)
	}
}

// Only the snapshot archive shows a suite as it was.
func TestSnapshotRoots(t *testing.T) {
	sites := &Sites{Main: []string{"http://m"}, Snapshot: "http://snap", Old: "http://old"}
	got := Suite{Name: "trixie-backports", Snapshot: "20260506T000000Z"}.Roots(sites)
	if d := cmp.Diff([]string{"http://snap/debian/20260506T000000Z"}, got); d != "" {
		t.Errorf("roots differ (-want +got):\n%s", d)
	}
}

func TestPinCheck(t *testing.T) {
	good := func() *Pin {
		return &Pin{Release: "6.1.0-56-amd64", Version: "6.1.192-2", Suite: "bookworm", Snapshot: "20260101T000000Z",
			Packages: []Package{{Main, "pool/main/l/linux/x_1~a+b_amd64.deb", 1, digest}}}
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(p *Pin){
		"bad release":     func(p *Pin) { p.Release = "../x" },
		"version":         func(p *Pin) { p.Version = "" },
		"bad snapshot":    func(p *Pin) { p.Snapshot = "yesterday" },
		"no packages":     func(p *Pin) { p.Packages = nil },
		"unknown archive": func(p *Pin) { p.Packages[0].Archive = "ubuntu" },
		"bad pool path":   func(p *Pin) { p.Packages[0].Path = "pool/../../etc/x.deb" },
		"no size":         func(p *Pin) { p.Packages[0].Size = 0 },
		"bad sha256":      func(p *Pin) { p.Packages[0].SHA256 = "abc" },
	} {
		p := good()
		spoil(p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestPlace(t *testing.T) {
	const r = "7.2.12+deb13-amd64"
	for name, want := range map[string]string{
		"boot/vmlinuz-" + r:                             "vmlinuz",
		"boot/config-" + r:                              "config",
		"boot/System.map-" + r:                          "",
		"boot/vmlinuz-6.1.0":                            "",
		"usr/lib/modules/" + r + "/vmlinuz":             "vmlinuz",
		"usr/lib/modules/" + r + "/config":              "config",
		"lib/modules/" + r + "/modules.builtin":         "lib/modules/" + r + "/modules.builtin",
		"lib/modules/" + r + "/kernel/net/a.ko":         "lib/modules/" + r + "/kernel/net/a.ko",
		"usr/lib/modules/" + r + "/kernel/net/a.ko.xz":  "lib/modules/" + r + "/kernel/net/a.ko.xz",
		"lib/modules/" + r + "/kernel/drivers/gpu/x.ko": "",
		"lib/modules/" + r + "/kernel/sound/x.ko":       "",
		"lib/modules/" + r + "/build":                   "",
		"lib/modules/6.1.0/kernel/net/a.ko":             "",
		"usr/share/doc/x":                               "",
	} {
		if got := place(name, r); got != want {
			t.Errorf("place(%q) = %q, want %q", name, got, want)
		}
	}
}
