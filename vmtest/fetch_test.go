package vmtest

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// A host's directory is brought in, changed by a command, and gets just the changes.
func TestChangesComeBack(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{
		"same":        "as it was",
		"golden":      "new",
		"sub/written": "by the guest",
		"cover":       "profile",
	}
	start := map[string]string{"same": "as it was", "golden": "old", "gone": "inside only"}
	var files []File
	for name, text := range start {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Path: "/work/" + name, Source: filepath.Join(dir, name)})
	}
	// What only the host has changed meanwhile is not undone by an old copy.
	task := role("change-files", "/work", "/tmp/cover")
	task.Files = files
	task.Fetch = []Fetch{{"/work", dir}, {"/tmp/cover", filepath.Join(dir, "cover")}, {"/tmp/never-made", filepath.Join(dir, "no")}}
	task.Running = func(*Cmd) {
		if err := os.WriteFile(filepath.Join(dir, "same"), []byte("changed meanwhile"), 0o644); err != nil {
			t.Error(err)
		}
	}
	if o := runRole(t, task); o.Verdict != Pass {
		o.Explain(t.Output())
		t.Fatal("did not pass")
	}
	want["same"], want["gone"] = "changed meanwhile", "inside only"
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := os.ReadFile(name)
			rel, _ := filepath.Rel(dir, name)
			got[rel] = string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("host's directory (-want +got):\n" + diff)
	}
}

// A guest that lies about names does not reach outside.
func TestFetchIsConfined(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"/work/../../etc/x", "/elsewhere", "/work/a/../../b", "/workshop"} {
		f := &fetching{name: "/work", dst: filepath.Join(dir, "in")}
		if w, err := f.create(wire.EntryBody{Path: name, Kind: wire.File}); err == nil {
			t.Errorf("%s: went to %v", name, w)
		}
		f.close()
	}
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	f := &fetching{name: "/work", dst: filepath.Join(dir, "in")}
	defer f.close()
	if _, err := f.create(wire.EntryBody{Path: "/work/link/outside", Kind: wire.File}); err == nil {
		t.Error("a link led outside")
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	m := testClone(t)
	files := []File{{Path: "/share/a/b", Data: []byte("text")}, {Path: "/share", ReadOnly: true}}
	if err := m.Put(t.Context(), files...); err != nil {
		t.Fatal(err)
	}
	out, err := m.Command(t.Context(), "/test", "write-file", "/share/a/b", "other").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "read-only file system") {
		t.Errorf("writing said %q, %v", out, err)
	}
	if b, err := m.ReadFile(t.Context(), "/share/a/b"); string(b) != "text" {
		t.Errorf("it reads %q, %v", b, err)
	}
}

// The user-mode network reaches what the host reaches, and is only there if asked for.
func TestUserNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("hello from the host\n"))
			_ = c.Close()
		}
	}()
	task := role("dial", "10.0.2.2:"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	tp := testTemplate(t, Shape{Network: true})
	if o := tp.Run(t.Context(), task); o.Verdict != Pass || o.Stdout != "hello from the host\n" {
		o.Explain(t.Output())
		t.Errorf("with a network: %s, %q", o.Verdict, o.Stdout)
	}
	if o := runRole(t, task); o.Verdict != Fail || !strings.Contains(o.Stdout, "network is unreachable") {
		t.Errorf("without one: %s, %q", o.Verdict, o.Stdout)
	}
}

// A module that no machine has by itself comes with what it depends on.
func TestModulesOnDemand(t *testing.T) {
	m := testClone(t)
	if err := m.LoadModules(t.Context(), "sch_cake"); err != nil {
		t.Fatal(err)
	}
	b, err := m.Command(t.Context(), "/test", "read-file", "/proc/modules").Output()
	if err != nil || !strings.Contains(string(b), "sch_cake ") {
		t.Errorf("loaded are %s, %v", b, err)
	}
	if err := m.LoadModules(t.Context(), "no_such_module"); err == nil || !strings.Contains(err.Error(), "no_such_module") {
		t.Errorf("no such module: %v", err)
	}
}
