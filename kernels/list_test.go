package kernels

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/debian"
)

func TestList(t *testing.T) {
	l := withKernels(t)
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Add(t.Context(), "mine", writeFile(t, "bzImage", old.BzImage("gzip")), AddOptions{}); err != nil {
		t.Fatal(err)
	}
	found, err := l.List(t.Context(), ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	type brief struct {
		Name, Series, Release, Source string
		Default, Cached, Available    bool
	}
	var got []brief
	for _, e := range found {
		got = append(got, brief{e.Name, e.Series, e.Release, e.Source, e.Default, e.Cached, e.Available})
		if e.Available == (e.Reason != "") {
			t.Errorf("%s: available %v, reason %q", e.Name, e.Available, e.Reason)
		}
		if strings.Contains(e.Reason, "\n") {
			t.Errorf("%s: reason has several lines", e.Name)
		}
		if (e.Size == 0) != (e.Release == "") {
			t.Errorf("%s: size %d", e.Name, e.Size)
		}
	}
	want := []brief{
		{"4.19", "4.19", "", "debian", true, false, false},
		{"6.1", "6.1", "6.1.0-10-cloud-amd64", "debian", true, true, true},
		{"6.12", "6.12", "6.12.5+deb13-cloud-amd64", "debian", true, false, true},
		{"6.19", "6.19", "", "debian", false, false, false},
		{"mine", "4.19", "4.19.255", "local", false, true, true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("list differs (-want +got):\n%s", d)
	}
}

// A kernel of the user's takes the place of the catalogue's of that name.
func TestListStandsIn(t *testing.T) {
	l := newLab(t, nil)
	if _, err := l.Add(t.Context(), "4.19", writeFile(t, "bzImage", old.BzImage("gzip")), AddOptions{}); err != nil {
		t.Fatal(err)
	}
	found, err := l.List(t.Context(), ListOptions{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	if e := found[0]; e.Name != "4.19" || e.Source != "local" || !e.Default || !e.Cached {
		t.Errorf("listed as %+v", e)
	}
	if n := l.requests(); n != 0 {
		t.Errorf("made %d requests, want none offline", n)
	}
}

// A pin that is gone still counts as available if something can stand in.
func TestListGone(t *testing.T) {
	l := withKernels(t)
	l.mirror.Drop("linux-image")
	e, err := l.Describe(t.Context(), "6.1")
	if err != nil {
		t.Fatal(err)
	}
	if !e.Available || !strings.Contains(e.Reason, "6.1.10-1 is gone") {
		t.Errorf("available %v, reason %q", e.Available, e.Reason)
	}
}

// A damaged kernel is told to be, and to be had again.
func TestListDamaged(t *testing.T) {
	l := withKernels(t)
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(img.Vmlinux); err != nil {
		t.Fatal(err)
	}
	e, err := l.Describe(t.Context(), "6.1")
	if err != nil {
		t.Fatal(err)
	}
	if e.Cached || !e.Available || !strings.Contains(e.Reason, "damaged: vmlinux is missing") {
		t.Errorf("cached %v, available %v, reason %q", e.Cached, e.Available, e.Reason)
	}
}

func TestVersions(t *testing.T) {
	l := withKernels(t)
	l.publish61("6.1.9-1", "6.1.0-9-cloud-amd64")
	l.publish61("6.1.12-1", "6.1.0-12-amd64")
	point := l.mirror.Suite(debian.Main, "bookworm") // has one of them, too
	point.AddKernel("image", "6.1.9-1", modern("6.1.0-9-cloud-amd64"))
	point.Publish()
	if _, err := l.Get(t.Context(), "6.1@6.1.9-1", l.options()); err != nil {
		t.Fatal(err)
	}
	found, err := l.Versions(t.Context(), []string{"6.1"}, l.options())
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		if found[i].Size == 0 {
			t.Errorf("%s has no size", found[i].Name)
		}
		found[i].Size = 0
	}
	const suite = "bookworm-security"
	want := []Version{
		{Name: "6.1-generic@6.1.12-1", Series: "6.1", Flavour: "generic", Release: "6.1.0-12-amd64", Version: "6.1.12-1", Suite: suite},
		{Name: "6.1@6.1.10-1", Series: "6.1", Flavour: "cloud", Release: "6.1.0-10-cloud-amd64", Version: "6.1.10-1", Suite: suite, Pinned: true},
		{Name: "6.1@6.1.9-1", Series: "6.1", Flavour: "cloud", Release: "6.1.0-9-cloud-amd64", Version: "6.1.9-1", Suite: suite, Cached: true},
	}
	if d := cmp.Diff(want, found); d != "" {
		t.Errorf("versions differ (-want +got):\n%s", d)
	}
	if _, err := l.Versions(t.Context(), []string{"6.2"}, l.options()); !errors.As(err, new(*UnknownError)) {
		t.Errorf("error %v, want an *UnknownError", err)
	}
	_, err = l.Versions(t.Context(), []string{"4.19"}, l.options())
	wantNotAvailable(t, err, "4.19", "index of buster/updates")
}

func TestVerify(t *testing.T) {
	l := withKernels(t)
	if err := l.Verify(t.Context(), "6.1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kernel that is not cached: error %v, want %v", err, fs.ErrNotExist)
	}
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context(), "6.1"); err != nil {
		t.Fatal(err)
	}
	module, err := filepath.Glob(filepath.Join(img.Modules, "kernel/net/llc.ko"))
	if err != nil || len(module) != 1 {
		t.Fatal(module, err)
	}
	if err := os.Chmod(module[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(module[0], 50); err != nil {
		t.Fatal(err)
	}
	err = l.Verify(t.Context(), "6.1")
	var damaged *DamagedError
	if !errors.As(err, &damaged) || !strings.Contains(err.Error(), "llc.ko") {
		t.Errorf("error %v, want a *DamagedError that names llc.ko", err)
	}
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context(), "6.1"); err != nil {
		t.Errorf("after it was fetched again: %v", err)
	}
}

func TestUpdate(t *testing.T) {
	l := withKernels(t)
	l.publish61("6.1.11-1", "6.1.0-11-cloud-amd64")
	l.publish61("6.1.12-1", "6.1.0-12-cloud-amd64")
	l.mirror.Drop("6.1.0-12") // listed, but not in the pool
	var notices []string
	o := UpdateOptions{Notice: func(n string) { notices = append(notices, n) }}
	changes, err := l.Update(t.Context(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{{Kernel: "6.1", Old: "6.1.10-1", New: "6.1.11-1", Suite: "bookworm-security"}}
	if d := cmp.Diff(want, changes); d != "" {
		t.Errorf("changes differ (-want +got):\n%s", d)
	}
	if all := strings.Join(notices, "\n"); !strings.Contains(all, "6.1.0-12-cloud-amd64: listed in bookworm-security, but") || !strings.Contains(all, "kernel 4.19 is not available") {
		t.Errorf("notices are %q", notices)
	}
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil || img.Version != "6.1.11-1" {
		t.Fatalf("after the update: %+v, %v; want 6.1.11-1", img, err)
	}
	l.wantNotice(t)
	if changes, err := l.Update(t.Context(), []string{"6.1"}, UpdateOptions{}); err != nil || len(changes) != 0 {
		t.Errorf("second update: %v, %v; want nothing", changes, err)
	}
	// What the user updated to may go in its turn; the wish stands.
	l.publish61("6.1.13-1", "6.1.0-13-cloud-amd64")
	l.mirror.Drop("6.1.0-11")
	if _, err := l.Remove(t.Context(), "6.1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if img, err := l.Get(t.Context(), "6.1", l.options()); err != nil || img.Version != "6.1.13-1" {
			t.Errorf("after 6.1.11-1 is gone: %+v, %v; want 6.1.13-1", img, err)
		}
	}
	l.wantNotice(t, "6.1.11-1 is gone", "using 6.1.13-1") // once
	// A newer program's newer pin goes before an older update.
	pin := *l.catalog.Find("6.1").Pins["cloud"]
	pin.Version = "6.1.20-1"
	l.catalog.Find("6.1").Pins["cloud"] = &pin
	if e, err := l.Describe(t.Context(), "6.1"); err != nil || e.Version != "6.1.20-1" {
		t.Errorf("with a newer program: %+v, %v; want version 6.1.20-1", e, err)
	}
}

func TestUpdateNamed(t *testing.T) {
	l := newLab(t, nil)
	_, err := l.Update(t.Context(), []string{"4.19"}, UpdateOptions{})
	wantNotAvailable(t, err, "4.19")
	if _, err := l.Update(t.Context(), []string{"4.20"}, UpdateOptions{}); !errors.As(err, new(*UnknownError)) {
		t.Errorf("error %v, want an *UnknownError", err)
	}
}

// The project's maintainers update the catalogue's files.
func TestUpdateCatalog(t *testing.T) {
	l := withKernels(t)
	dir := t.TempDir()
	for name, text := range labCatalog {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := l.Update(t.Context(), []string{"6.1", "6.12"}, UpdateOptions{Catalog: dir})
	if err != nil || len(changes) != 2 {
		t.Fatalf("changes are %v, %v; want two", changes, err)
	}
	c, err := catalog.Read(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range []string{"6.1", "6.12"} {
		if d := cmp.Diff(l.catalog.Find(series).Pins, c.Find(series).Pins); d != "" {
			t.Errorf("pins of %s differ (-want +got):\n%s", series, d)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "6.1.yaml"))
	if err != nil || !strings.HasPrefix(string(b), labCatalog["6.1.yaml"]) {
		t.Errorf("the file's head was changed: %s", b)
	}
	if left := l.entriesOf(t, "names"); len(left) > 0 {
		t.Errorf("the store remembers %v, want nothing", left)
	}
}

// An index past its date is not trusted unless the user says so.
func TestUpdateExpired(t *testing.T) {
	l := withKernels(t)
	s := l.mirror.Suite(debian.Main, "trixie")
	s.Date, s.ValidUntil = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	s.AddKernel("modules", "6.12.6-1", modern("6.12.6+deb13-cloud-amd64"))
	s.Publish()
	_, err := l.Update(t.Context(), []string{"6.12"}, UpdateOptions{})
	wantNotAvailable(t, err, "6.12", "expired", "--allow-expired")
	changes, err := l.Update(t.Context(), []string{"6.12"}, UpdateOptions{AllowExpired: true})
	if err != nil || len(changes) != 1 {
		t.Errorf("changes are %v, %v; want one", changes, err)
	}
}
