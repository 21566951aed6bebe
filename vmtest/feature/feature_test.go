package feature

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTable(t *testing.T) {
	var (
		name   = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
		since  = regexp.MustCompile(`^(2\.6\.\d+|[3-9]\.\d+)$`)
		commit = regexp.MustCompile(`^([0-9a-f]{12,40})?$`)
	)
	if !slices.IsSorted(Names()) {
		t.Errorf("names are not sorted: %v", Names())
	}
	seen := map[string]bool{}
	for _, f := range Table() {
		if seen[f.Name] {
			t.Errorf("feature %s is in the table twice", f.Name)
		}
		seen[f.Name] = true
		if !name.MatchString(f.Name) {
			t.Errorf("feature %q: its name is not in lower snake case", f.Name)
		}
		if !since.MatchString(f.Since) {
			t.Errorf("feature %s: since %q, want a version such as 5.8", f.Name, f.Since)
		}
		if !commit.MatchString(f.Commit) {
			t.Errorf("feature %s: commit %q, want at least 12 hexadecimal digits or none", f.Name, f.Commit)
		}
		if f.Summary == "" || strings.HasSuffix(f.Summary, ".") {
			t.Errorf("feature %s: summary %q, want a few words, no sentence", f.Name, f.Summary)
		}
		if f.probe == nil {
			t.Errorf("feature %s has no probe", f.Name)
		}
		if got, ok := Lookup(f.Name); !ok || got.Name != f.Name {
			t.Errorf("Lookup(%q) = %v, %v", f.Name, got.Name, ok)
		}
	}
	if _, ok := Lookup("no_such_feature"); ok {
		t.Error("Lookup found a feature that there is not")
	}
}

func TestAbsent(t *testing.T) {
	err := absentIf(errors.Join(unix.EINVAL, errors.New("more")), "thing", unix.E2BIG, unix.EINVAL)
	if !errors.Is(err, ErrAbsent) || err.Error() != "thing: invalid argument" {
		t.Errorf("absentIf of a sign = %v, want the absence with its reason", err)
	}
	if err := absentIf(unix.EPERM, "thing", unix.EINVAL); errors.Is(err, ErrAbsent) || !errors.Is(err, unix.EPERM) {
		t.Errorf("absentIf of another error = %v, want that", err)
	}
	if err := absentIf(nil, "thing", unix.EINVAL); err != nil {
		t.Errorf("absentIf of no error = %v", err)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("probes need root")
	}
}

// What is surely there and what surely is not are told apart.
func TestProbesTellApart(t *testing.T) {
	needRoot(t)
	if err := fileSystem("proc")(); err != nil {
		t.Errorf("file system proc: %v", err)
	}
	if err := fileSystem("nonsense")(); !errors.Is(err, ErrAbsent) {
		t.Errorf("file system nonsense: got %v, want an absence", err)
	}
	if err := congestionControl("reno")(); err != nil {
		t.Errorf("congestion control reno: %v", err)
	}
	if err := congestionControl("nonsense")(); !errors.Is(err, ErrAbsent) {
		t.Errorf("congestion control nonsense: got %v, want an absence", err)
	}
	if err := tcpULP("nonsense")(); !errors.Is(err, ErrAbsent) {
		t.Errorf("upper layer protocol nonsense: got %v, want an absence", err)
	}
	if err := qdisc("nonsense", 1)(); !errors.Is(err, ErrAbsent) {
		t.Errorf("qdisc nonsense: got %v, want an absence", err)
	}
	if err := socket("nothing", unix.AF_INET, unix.SOCK_STREAM, 200)(); !errors.Is(err, ErrAbsent) {
		t.Errorf("socket of a protocol that there is not: got %v, want an absence", err)
	}
	if err := reads("nothing", 4000)(); !errors.Is(err, ErrAbsent) {
		t.Errorf("context far beyond its end: got %v, want an absence", err)
	}
	if err := fibLookupFlag(1 << 30)(); !errors.Is(err, ErrAbsent) {
		t.Errorf("flag that there is not: got %v, want an absence", err)
	}
}

// All probes run, at once, and leave nothing behind.
func TestProbesAtOnce(t *testing.T) {
	needRoot(t)
	var before unix.Rlimit
	if err := unlockMemory(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 2 {
		for _, f := range Table() {
			wg.Go(func() {
				if err := f.Probe(); err != nil && !errors.Is(err, ErrAbsent) {
					t.Logf("%s: cannot be told here: %v", f.Name, err)
				}
			})
		}
	}
	wg.Wait()
	var after unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &after); err != nil || after != before {
		t.Errorf("memlock limit: got %v, want %v as before (%v)", after, before, err)
	}
	if dir, err := Cgroup(); err == nil {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "assay-feature.") {
				t.Errorf("cgroup %s is left", e.Name())
			}
		}
	}
}

func TestMainPrints(t *testing.T) {
	needRoot(t)
	var out bytes.Buffer
	status := Main(&out)
	line := regexp.MustCompile(`^(has \w+|(lacks|unknown) \w+: \S.*)$`)
	unknown := 0
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if got, want := len(lines), len(Table()); got != want {
		t.Errorf("got %d lines, want one for each of %d features", got, want)
	}
	for i, l := range lines {
		if !line.MatchString(l) || strings.Fields(strings.ReplaceAll(l, ":", ""))[1] != Names()[i] {
			t.Errorf("line %d is %q, want has, lacks or unknown, and %s", i, l, Names()[i])
		}
		if strings.HasPrefix(l, "unknown") {
			unknown++
		}
	}
	if (status != 0) != (unknown > 0) {
		t.Errorf("got status %d with %d unknown", status, unknown)
	}
}
