package kernels

import (
	"context"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// A lab is a store with a catalogue and archives of its own.
type lab struct {
	*Store
	mirror, snapshot, old *kerneltest.Archive

	mu      sync.Mutex
	notices []string
}

// catalogFiles of every lab: a pinned series, one of a frozen suite, one that
// only a snapshot has, and one nobody has.
var labCatalog = map[string]string{
	"common.yaml": "modules: [bridge, virtio_rng, ext4, \"nope?\"]\n",
	"4.19.yaml":   "series: \"4.19\"\ndefault: true\ndebian: {suites: [buster/updates], flavours: [cloud], frozen: true}\nimages: []\n",
	"6.1.yaml":    "series: \"6.1\"\ndefault: true\ncmdline: [\"a=b\"]\ndebian: {suites: [bookworm-security, bookworm], flavours: [cloud, generic]}\n",
	"6.12.yaml":   "series: \"6.12\"\ndefault: true\ndebian: {suites: [trixie], flavours: [cloud]}\n",
	"6.19.yaml":   "series: \"6.19\"\ndebian: {suites: [trixie-backports], flavours: [cloud], snapshot: 20260506T000000Z}\n",
}

// newLab makes a lab whose archives are empty. Files replace or add to those of
// labCatalog.
func newLab(t *testing.T, files map[string]string) *lab {
	t.Helper()
	l := &lab{mirror: kerneltest.NewArchive(t), snapshot: kerneltest.NewArchive(t), old: kerneltest.NewArchive(t)}
	l.Store = l.another(t, t.TempDir())
	fsys := fstest.MapFS{}
	for _, set := range []map[string]string{labCatalog, files} {
		for name, text := range set {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	l.use(t, fsys)
	return l
}

// another opens a store in dir that uses the lab's archives.
func (l *lab) another(t *testing.T, dir string) *Store {
	t.Helper()
	env := map[string]string{
		debian.EnvMirror:   l.mirror.URL + "/debian " + l.mirror.URL + "/debian-security",
		debian.EnvSnapshot: l.snapshot.URL + "/archive",
		debian.EnvOld:      l.old.URL,
	}
	s, err := Config{Dir: dir, Getenv: func(k string) string { return env[k] }, Root: t.TempDir()}.Open()
	if err != nil {
		t.Fatal(err)
	}
	s.client.Pause = time.Millisecond
	s.keys = slices.Concat(l.mirror.Keys, l.snapshot.Keys, l.old.Keys)
	if l.Store != nil {
		s.catalog = l.catalog
	}
	return s
}

// use replaces the lab's catalogue.
func (l *lab) use(t *testing.T, fsys fs.FS) {
	t.Helper()
	c, err := catalog.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	l.catalog = c
}

// pin pins what the mirror's published indexes have, as update does.
func (l *lab) pin(t *testing.T, series ...string) {
	t.Helper()
	for _, name := range series {
		e := l.catalog.Find(name)
		all, err := l.survey(true).kernels(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		e.Pins = map[string]*debian.Pin{}
		for i := range all {
			if k := &all[i]; e.Pins[k.Flavour] == nil {
				e.Pins[k.Flavour] = &k.Pin
			}
		}
	}
}

// options are quiet but for notices, which the lab keeps.
func (l *lab) options() GetOptions {
	return GetOptions{Notice: func(n string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.notices = append(l.notices, n)
	}}
}

// wantNotice checks that there was exactly one notice, with all parts in it,
// or none if there are no parts; and forgets it.
func (l *lab) wantNotice(t *testing.T, parts ...string) {
	t.Helper()
	got := l.notices
	l.notices = nil
	if len(parts) == 0 && len(got) == 0 {
		return
	}
	if len(got) != 1 || len(parts) == 0 {
		t.Errorf("notices are %q, want one with %q", got, parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(got[0], p) {
			t.Errorf("notice %q lacks %q", got[0], p)
		}
	}
}

// requests is how many requests the archives had so far.
func (l *lab) requests() int {
	return len(l.mirror.Requests("")) + len(l.snapshot.Requests("")) + len(l.old.Requests(""))
}

// withKernels publishes a 6.1 and a 6.12 on the mirror and pins them.
func withKernels(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, nil)
	l.publish61("6.1.10-1", "6.1.0-10-cloud-amd64")
	s := l.mirror.Suite(debian.Main, "trixie")
	s.AddKernel("modules", "6.12.5-1", modern("6.12.5+deb13-cloud-amd64"))
	s.Publish()
	l.mirror.Suite(debian.Main, "bookworm").Publish()
	l.pin(t, "6.1", "6.12")
	return l
}

func (l *lab) publish61(version, release string) {
	s := l.mirror.Suite(debian.Security, "bookworm-security")
	s.AddKernel("image", version, modern(release))
	s.Publish()
}

// modern is a kernel with all that 4.19 lacks.
func modern(release string) kerneltest.Kernel {
	return kerneltest.Kernel{Release: release, PVH: true, BTF: true}
}

// unreachable is an address at which nobody answers.
func unreachable(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(nil)
	s.Close()
	return s.URL
}

// writeFile writes a file of a temporary directory and returns its path.
func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// entriesOf returns the names in a directory of the store.
func (l *lab) entriesOf(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(l.root, dir))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// names returns the modules' names.
func names(mods []Module) string {
	var s []string
	for _, m := range mods {
		s = append(s, m.Name)
	}
	return fmt.Sprint(s)
}

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}
