package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

// A lab runs the command with a cache of its own, and archives at which nobody
// answers.
type lab struct {
	t   *testing.T
	env map[string]string
}

func newLab(t *testing.T) *lab {
	s := httptest.NewServer(nil)
	s.Close()
	return &lab{t, map[string]string{
		"ASSAY_CACHE": t.TempDir(), "ASSAY_DEBIAN_MIRROR": s.URL + "/debian",
		"ASSAY_DEBIAN_SNAPSHOT": s.URL, "ASSAY_DEBIAN_ARCHIVE": s.URL,
	}}
}

// run runs a command line.
func (l *lab) run(args ...string) (stdout, stderr string, err error) {
	l.t.Helper()
	var out, errs bytes.Buffer
	c := New(&out, &errs, func(key string) string { return l.env[key] })
	c.SetArgs(args)
	err = c.ExecuteContext(l.t.Context())
	return out.String(), errs.String(), err
}

// must is run for what must succeed.
func (l *lab) must(args ...string) string {
	l.t.Helper()
	out, _, err := l.run(args...)
	if err != nil {
		l.t.Fatalf("%v: %v", args, err)
	}
	return out
}

func status(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	if err != nil {
		return 1
	}
	return 0
}

// bzImage writes a kernel image and returns its path.
func bzImage(t *testing.T, release string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bzImage")
	if err := os.WriteFile(name, kerneltest.Kernel{Release: release}.BzImage("gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAddListShowRemove(t *testing.T) {
	l := newLab(t)
	if got, want := l.must("add", "4.19", bzImage(t, "4.19.255")), "4.19  4.19.255\n"; got != want {
		t.Errorf("add prints %q, want %q", got, want)
	}

	var list []map[string]any
	if err := json.Unmarshal([]byte(l.must("list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	got := list[0]
	delete(got, "size")
	want := map[string]any{
		"name": "4.19", "series": "4.19", "release": "4.19.255", "source": "local",
		"default": true, "cached": true, "available": true, "reason": "",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("first entry differs (-want +got):\n%s", d)
	}
	other := list[1]
	if other["name"] != "5.10" || other["available"] != false || !strings.Contains(other["reason"].(string), "ASSAY_DEBIAN_MIRROR") {
		t.Errorf("second entry is %v; want 5.10, not available, and why", other)
	}

	text := l.must("list", "--offline")
	for _, part := range []string{"KERNEL", "4.19 *", "4.19.255", "cached", "not available", "5.10: it is not in the cache"} {
		if !strings.Contains(text, part) {
			t.Errorf("list lacks %q:\n%s", part, text)
		}
	}

	var show struct {
		Release string
		Image   *kernels.Image
		Modules []string
		Has     []string
	}
	if err := json.Unmarshal([]byte(l.must("show", "4.19", "--json")), &show); err != nil {
		t.Fatal(err)
	}
	if show.Release != "4.19.255" || show.Image == nil || show.Image.Digest == "" || len(show.Modules) == 0 || show.Has == nil {
		t.Errorf("show --json gives %+v", show)
	}
	if text := l.must("show", "4.19"); !strings.Contains(text, show.Image.Kernel) {
		t.Errorf("show lacks the path of the image:\n%s", text)
	}
	if got := l.must("verify"); got != "4.19  ok\n" {
		t.Errorf("verify prints %q", got)
	}
	if got := l.must("rm", "4.19"); !strings.HasPrefix(got, "4.19  ") || !strings.HasSuffix(got, " freed\n") {
		t.Errorf("rm prints %q", got)
	}
	if _, _, err := l.run("verify", "4.19"); status(err) != 2 {
		t.Errorf("verify of what is not cached: %v, status %d; want 2", err, status(err))
	}
}

func TestStatus(t *testing.T) {
	l := newLab(t)
	file := bzImage(t, "4.19.255")
	for _, tc := range []struct {
		args string
		want int
		text string // in the error
	}{
		{"nonsense", 2, "unknown command"},
		{"list --nonsense", 2, "nonsense"},
		{"list extra", 2, "usage: kernels list"},
		{"show", 2, "usage: kernels show NAME"},
		{"show 6.13", 2, "did you mean 6.12?"},
		{"pull 6.13", 2, "did you mean 6.12?"},
		{"pull --all 6.12", 2, "not both"},
		{"pull 6.12", 3, "kernel 6.12 is not available"},
		{"pull 6.12 5.10", 3, "kernel 5.10 is not available"},
		{"pull 6.12 6.13", 1, "unknown kernel"},
		{"versions 6.12", 3, "kernel 6.12 is not available"},
		{"update 6.12", 3, "kernel 6.12 is not available"},
		{"add 6.12 " + file, 2, "belongs to series 6.12"},
		{"add x " + file + "-not", 1, "no such file"},
		{"build x", 2, "source"},
		{"rm nonsense", 2, "unknown kernel"},
		{"list", 0, ""},
		{"", 0, ""},
	} {
		_, _, err := l.run(strings.Fields(tc.args)...)
		if got := status(err); got != tc.want || err != nil && !strings.Contains(err.Error(), tc.text) {
			t.Errorf("kernels %s: status %d, error %v; want %d and %q", tc.args, got, err, tc.want, tc.text)
		}
	}
}

// A damaged kernel is named, and the status says that something fell.
func TestVerifyDamaged(t *testing.T) {
	l := newLab(t)
	l.must("add", "mine", bzImage(t, "4.19.255"))
	var show struct{ Image *kernels.Image }
	if err := json.Unmarshal([]byte(l.must("show", "mine", "--json")), &show); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(show.Image.Vmlinux); err != nil {
		t.Fatal(err)
	}
	_, _, err := l.run("verify", "mine")
	if status(err) != 1 || !strings.Contains(err.Error(), "cached kernel mine is damaged") || !strings.Contains(err.Error(), "vmlinux is missing") {
		t.Errorf("status %d, error %v", status(err), err)
	}
}

// Nothing but what was asked for goes to standard output, and no progress
// anywhere that is no terminal.
func TestQuiet(t *testing.T) {
	l := newLab(t)
	out, errs, err := l.run("pull", "6.12")
	if err == nil || out != "" || errs != "" {
		t.Errorf("stdout %q, stderr %q, error %v; want only the error", out, errs, err)
	}
}

func TestHelp(t *testing.T) {
	l := newLab(t)
	out := l.must("--help")
	for _, verb := range []string{"list", "show", "versions", "pull", "add", "build", "rm", "update", "verify"} {
		if !strings.Contains(out, "\n  "+verb+" ") {
			t.Errorf("help lacks %s:\n%s", verb, out)
		}
		if sub := l.must(verb, "--help"); !strings.Contains(sub, "Usage:") {
			t.Errorf("%s --help prints %q", verb, sub)
		}
	}
}

func TestMeter(t *testing.T) {
	var out bytes.Buffer
	m := newMeter(&out)
	m.show(kernels.Progress{Kernel: "6.12", Done: 1e6, Total: 2e6})
	m.clear()
	if out.Len() != 0 {
		t.Errorf("no terminal, but %q was written", out.String())
	}
	m.out = &out
	m.show(kernels.Progress{Kernel: "6.12", Done: 1e6, Total: 2e6})
	if !strings.Contains(out.String(), "6.12   50%  1.0 of 2.0 MB") {
		t.Errorf("meter shows %q", out.String())
	}
	m.clear()
	if !strings.HasSuffix(out.String(), eraseLine) {
		t.Error("the line is not taken away")
	}
}
