package cgroup

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestOwnedName(t *testing.T) {
	name := OwnedName("acci")
	// The kernel keeps 15, but the library then takes the C function's name.
	if len(name) != 14 || !strings.HasPrefix(name, "acci") {
		t.Errorf("got %q, want acci and ten digits", name)
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Errorf("got %q, want what the kernel takes for a name", name)
	}
	if name != OwnedName("acci") {
		t.Errorf("got %q, then %q", name, OwnedName("acci"))
	}
	if abandoned(name, "acci") {
		t.Errorf("%q is abandoned while its owner lives", name)
	}
}

func TestAbandoned(t *testing.T) {
	if !inInitPIDNamespace() {
		t.Skip("not in the initial pid namespace: nothing is ever abandoned")
	}
	dead := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	start, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	mark := func(pid int, start uint64) string { return "acci" + base36(uint64(pid)) + base36(start) }
	for _, tt := range []struct {
		what, name string
		want       bool
	}{
		{"the owner lives", mark(os.Getpid(), start), false},
		{"the owner's id was given to another process", mark(os.Getpid(), start-1), true},
		{"the owner has ended", mark(dead.Process.Pid, start), true},
		{"the owner is in another pid namespace", mark(0, 0), false},
		{"another prefix", strings.Replace(mark(dead.Process.Pid, start), "acci", "acce", 1), false},
		{"no mark", "acci", false},
		{"another's name", "accidental_prog", false},
		{"more than a mark", mark(dead.Process.Pid, start) + "0", false},
	} {
		if got := abandoned(tt.name, "acci"); got != tt.want {
			t.Errorf("%s: abandoned(%q) = %v, want %v", tt.what, tt.name, got, tt.want)
		}
	}
}

func TestBase36(t *testing.T) {
	for n, want := range map[uint64]string{0: "00000", 35: "0000z", 4194304: "2hwcg", 60466175: "zzzzz", 60466176: "00000"} {
		if got := base36(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
