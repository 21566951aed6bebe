package kernels

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

func TestGet(t *testing.T) {
	for layout, release := range map[string]string{
		"image":   "6.12.1-cloud-amd64",
		"usr":     "6.12.2+deb13-cloud-amd64",
		"binary":  "6.12.3+deb13-cloud-amd64",
		"modules": "6.12.4+deb13-cloud-amd64",
	} {
		t.Run(layout, func(t *testing.T) {
			l := newLab(t, nil)
			s := l.mirror.Suite(debian.Main, "trixie")
			s.AddKernel(layout, "6.12.1-1", modern(release))
			s.Publish()
			l.pin(t, "6.12")

			img, err := l.Get(t.Context(), "6.12", l.options())
			if err != nil {
				t.Fatal(err)
			}
			if img.Name != "6.12" || img.Series != "6.12" || img.Release != release || img.Version != "6.12.1-1" || img.Source != "debian" || !img.PVH {
				t.Errorf("image is %+v", img)
			}
			for what, path := range map[string]string{"kernel": img.Kernel, "vmlinux": img.Vmlinux, "config": img.Config, "modules": img.Modules} {
				if _, err := os.Stat(path); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			if filepath.Base(img.Modules) != release {
				t.Errorf("modules are in %s, want a directory named %s", img.Modules, release)
			}
			checkModules(t, img)
			if left := l.entriesOf(t, "downloads"); len(left) > 0 {
				t.Errorf("downloads are left: %v", left)
			}
			if left := l.entriesOf(t, "locks"); len(left) > 0 {
				t.Errorf("locks are left: %v", left)
			}

			before := l.requests()
			again, err := l.Get(t.Context(), "6.12", l.options())
			if err != nil || *again != *img {
				t.Errorf("second time: %+v, %v; want %+v", again, err, img)
			}
			if n := l.requests() - before; n != 0 {
				t.Errorf("second time made %d requests, want none", n)
			}
			l.wantNotice(t)
		})
	}
}

// checkModules looks at what every kernel of kerneltest has.
func checkModules(t *testing.T, img *Image) {
	t.Helper()
	mods, err := img.ModuleClosure([]string{"bridge", "ext4", "virtio-rng", "nope?"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(mods), "[llc stp bridge virtio_rng]"; got != want {
		t.Errorf("modules to load are %s, want %s", got, want)
	}
	for _, m := range mods {
		rc, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		rc.Close()
	}
	_, err = img.ModuleClosure([]string{"bridge", "nope"})
	var unknown *UnknownModuleError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "no module nope") {
		t.Errorf("error %v, want one that names the module", err)
	}
	_, err = img.ModuleClosure([]string{"amdgpu"})
	if err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("error %v, want one that says why amdgpu is not there", err)
	}
	btf, err := img.BTF()
	if err != nil || string(btf) != string(kerneltest.BTF) {
		t.Errorf("BTF is %q, %v", btf, err)
	}
}

// Two processes that want one kernel at once make one download.
func TestGetTwice(t *testing.T) {
	l := withKernels(t)
	other := l.another(t, filepath.Dir(l.root))
	waiting := make(chan struct{})
	l.mirror.Intercept = func(http.ResponseWriter, *http.Request) bool { <-waiting; return false }
	var n int
	o := GetOptions{Notice: func(text string) {
		if strings.Contains(text, "waiting for process") {
			if n++; n == 1 {
				close(waiting)
			}
		}
	}}
	done := make(chan error, 2)
	for _, s := range []*Store{l.Store, other} {
		go func() { _, err := s.Get(t.Context(), "6.1", o); done <- err }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := len(l.mirror.Requests("linux-image")); got != 1 || n != 1 {
		t.Errorf("%d downloads, %d waited; want 1, 1", got, n)
	}
}

func TestGetDamaged(t *testing.T) {
	l := withKernels(t)
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(img.Kernel, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(img.Kernel, 10); err != nil {
		t.Fatal(err)
	}
	_, err = l.Get(t.Context(), "6.1", GetOptions{Offline: true})
	wantNotAvailable(t, err, "6.1", "damaged: vmlinuz has 10 bytes", "network is not to be used")
	again, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	l.wantNotice(t, "6.1", "damaged", "vmlinuz", "fetching it again")
	if again.Digest != img.Digest {
		t.Error("kernel differs after it was fetched again")
	}
	if st, err := os.Stat(again.Kernel); err != nil || st.Size() == 10 {
		t.Errorf("kernel is still damaged: %v", err)
	}
}

// A pin that the mirror has dropped comes from the snapshot archive.
func TestGetSnapshot(t *testing.T) {
	l := withKernels(t)
	pin := l.catalog.Find("6.1").Pins["cloud"]
	p := pin.Packages[0]
	l.snapshot.Put("/archive/debian-security/"+pin.Snapshot+"/"+p.Path, l.mirror.File("/debian-security/"+p.Path))
	l.mirror.Drop("linux-image")
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	l.wantNotice(t)
}

// A pin that is gone everywhere is replaced by the newest in a signed index,
// and the user is told, each time.
func TestGetStandIn(t *testing.T) {
	l := withKernels(t)
	l.mirror.Drop("linux-image")
	l.publish61("6.1.11-1", "6.1.0-11-cloud-amd64")
	want := []string{"6.1: version 6.1.10-1 is gone", "using 6.1.11-1"}

	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if img.Version != "6.1.11-1" {
		t.Errorf("version is %s, want 6.1.11-1", img.Version)
	}
	l.wantNotice(t, want...)

	before := l.requests()
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	l.wantNotice(t, want...)
	if n := l.requests() - before; n != 0 {
		t.Errorf("second time made %d requests, want none", n)
	}
}

// What stands in must be in the pool, not only in the index.
func TestGetStandInIsThere(t *testing.T) {
	l := withKernels(t)
	l.publish61("6.1.9-1", "6.1.0-9-cloud-amd64")
	l.publish61("6.1.11-1", "6.1.0-11-cloud-amd64")
	l.mirror.Drop("6.1.0-10")
	l.mirror.Drop("6.1.0-11")
	img, err := l.Get(t.Context(), "6.1", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if img.Version != "6.1.9-1" {
		t.Errorf("version is %s, want 6.1.9-1", img.Version)
	}
	if got := strings.Join(l.notices, "\n"); !strings.Contains(got, "6.1.0-11-cloud-amd64: listed in bookworm-security, but its packages are in no archive") || !strings.Contains(got, "using 6.1.9-1") {
		t.Errorf("notices are %q", l.notices)
	}
}

// An index past its date may be held back by whoever serves it.
func TestGetStandInExpired(t *testing.T) {
	l := withKernels(t)
	l.mirror.Drop("linux-image")
	s := l.mirror.Suite(debian.Security, "bookworm-security")
	s.ValidUntil = time.Now().Add(-time.Hour)
	l.publish61("6.1.11-1", "6.1.0-11-cloud-amd64")
	_, err := l.Get(t.Context(), "6.1", l.options())
	wantNotAvailable(t, err, "6.1", "expired", "--allow-expired")
	o := l.options()
	o.AllowExpired = true
	if _, err := l.Get(t.Context(), "6.1", o); err != nil {
		t.Errorf("with AllowExpired: %v", err)
	}
}

func wantNotAvailable(t *testing.T, err error, kernel string, parts ...string) {
	t.Helper()
	var na *NotAvailableError
	if !errors.As(err, &na) {
		t.Fatalf("error %v, want a *NotAvailableError", err)
	}
	if na.Kernel != kernel || na.ExitCode() != 3 {
		t.Errorf("kernel %q, exit status %d; want %q, 3", na.Kernel, na.ExitCode(), kernel)
	}
	if strings.Contains(na.Error(), "\n") {
		t.Errorf("reason has several lines: %q", na.Error())
	}
	for _, p := range parts {
		if !strings.Contains(na.Error(), p) {
			t.Errorf("error %q lacks %q", na.Error(), p)
		}
	}
}

func TestGetUnreachable(t *testing.T) {
	l := withKernels(t)
	nowhere := unreachable(t)
	l.sites = &debian.Sites{Main: []string{nowhere}, Security: []string{nowhere}, Snapshot: nowhere, Old: nowhere}
	_, err := l.Get(t.Context(), "6.1", l.options())
	wantNotAvailable(t, err, "6.1", "connection refused", "connect to the internet", debian.EnvMirror)
	_, err = l.Get(t.Context(), "4.19", l.options())
	wantNotAvailable(t, err, "4.19", "connection refused", "assay kernels add 4.19 ./bzImage")
	if left := l.entriesOf(t, "images"); len(left) > 0 {
		t.Errorf("images are left: %v", left)
	}
}

func TestGetOffline(t *testing.T) {
	l := withKernels(t)
	o := l.options()
	o.Offline = true
	before := l.requests()
	for _, name := range []string{"6.1", "4.19", "6.1@6.1.10-1"} {
		_, err := l.Get(t.Context(), name, o)
		wantNotAvailable(t, err, name, "not in the cache", "assay kernels pull "+name)
	}
	if n := l.requests() - before; n != 0 {
		t.Errorf("made %d requests, want none", n)
	}
}

// The kernel of a release that has left the mirrors is looked up in the frozen
// index of the archive of old releases.
func TestGetFrozen(t *testing.T) {
	l := newLab(t, nil)
	s := l.old.Suite(debian.Security, "buster/updates")
	s.Date, s.ValidUntil = time.Now().Add(-1000*time.Hour), time.Now().Add(-900*time.Hour)
	k := kerneltest.Kernel{Release: "4.19.0-27-cloud-amd64"}
	s.AddKernel("image", "4.19.316-1", k)
	s.AddKernel("image", "4.19.304-1", kerneltest.Kernel{Release: "4.19.0-26-cloud-amd64"})
	s.Publish()
	img, err := l.Get(t.Context(), "4.19", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if img.Release != k.Release || img.Version != "4.19.316-1" || img.PVH || img.Vmlinux == "" {
		t.Errorf("image is %+v", img)
	}
	if _, err := img.BTF(); !errors.Is(err, ErrNoBTF) {
		t.Errorf("BTF: error %v, want %v", err, ErrNoBTF)
	}
	o := l.options()
	o.Offline = true
	if _, err := l.Get(t.Context(), "4.19", o); err != nil {
		t.Errorf("again, offline: %v", err)
	}
	l.wantNotice(t)
}

// A kernel that its suite has dropped comes from the index of the day when the
// suite had it.
func TestGetFromSnapshotIndex(t *testing.T) {
	l := newLab(t, nil)
	l.mirror.Suite(debian.Main, "trixie-backports").Publish() // does not have it
	s := l.snapshot.Suite("archive/debian/20260506T000000Z", "trixie-backports")
	s.AddKernel("binary", "6.19.14-1~bpo13+1", modern("6.19.14+deb13-cloud-amd64"))
	s.Publish()
	img, err := l.Get(t.Context(), "6.19", l.options())
	if err != nil {
		t.Fatal(err)
	}
	if img.Version != "6.19.14-1~bpo13+1" {
		t.Errorf("version is %s", img.Version)
	}
}

func TestGetVersion(t *testing.T) {
	l := withKernels(t)
	l.publish61("6.1.9-1", "6.1.0-9-cloud-amd64")
	for _, name := range []string{"6.1@6.1.9-1", "6.1@6.1.9", "6.1-cloud@6.1.9"} {
		img, err := l.Get(t.Context(), name, l.options())
		if err != nil {
			t.Fatal(err)
		}
		if img.Version != "6.1.9-1" || img.Name != name {
			t.Errorf("%s: version %s, name %s", name, img.Version, img.Name)
		}
	}
	_, err := l.Get(t.Context(), "6.1@6.1.8-1", l.options())
	wantNotAvailable(t, err, "6.1@6.1.8-1", "no cloud kernel 6.1.8-1", "assay kernels versions 6.1")
	_, err = l.Get(t.Context(), "6.1@x", l.options())
	var usage *UsageError
	if !errors.As(err, &usage) {
		t.Errorf("error %v, want a *UsageError", err)
	}
}

// A package that is signed and evil all the same brings nothing into the store.
func TestGetHostile(t *testing.T) {
	l := newLab(t, nil)
	s := l.mirror.Suite(debian.Main, "trixie")
	s.Add("linux-image-6.12.1-cloud-amd64", "6.12.1-1", kerneltest.Deb("gzip", kerneltest.Files{"../../../tmp/evil": "x"}))
	s.Publish()
	l.pin(t, "6.12")
	_, err := l.Get(t.Context(), "6.12", l.options())
	if err == nil || !strings.Contains(err.Error(), "hostile") {
		t.Errorf("error %v, want one about the hostile archive", err)
	}
	if left := l.entriesOf(t, "images"); len(left) > 0 {
		t.Errorf("images are left: %v", left)
	}
}

// A mirror that sends something else is not believed; the next one is asked.
func TestGetCorrupt(t *testing.T) {
	l := withKernels(t)
	pin := l.catalog.Find("6.1").Pins["cloud"]
	l.old.Put("/debian-security/"+pin.Packages[0].Path, l.mirror.File("/debian-security/"+pin.Packages[0].Path))
	l.mirror.Replace("linux-image", []byte("<html>Log in!</html>"))
	if _, err := l.Get(t.Context(), "6.1", l.options()); err != nil {
		t.Fatal(err)
	}
	if len(l.old.Requests("linux-image")) == 0 {
		t.Error("the archive of old releases was not asked")
	}
}

func TestGetCancelled(t *testing.T) {
	l := withKernels(t)
	ctx, cancel := contextWithCancel(t)
	l.mirror.Intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := l.Get(ctx, "6.1", l.options())
	if err == nil || errors.As(err, new(*NotAvailableError)) {
		t.Errorf("error %v, want one that is not *NotAvailableError", err)
	}
}
