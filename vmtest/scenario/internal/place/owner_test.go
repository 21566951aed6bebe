package place

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

func TestAbandoned(t *testing.T) {
	mine, err := ownName()
	if err != nil {
		t.Fatal(err)
	}
	start, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, name string
		want       bool
	}{
		{"mine", mine, false},
		{"that of a process that has ended", fmt.Sprintf("%s%d.%s", namePrefix, ended.Process.Pid, start), true},
		{"that of one that had my pid before", fmt.Sprintf("%s%d.1", namePrefix, os.Getpid()), true},
		{"no name of ours", "system.slice", false},
		{"no pid", namePrefix + "x.1", false},
		{"no start", namePrefix + "1", false},
		{"nothing", namePrefix, false},
		{"a negative pid", namePrefix + "-1.1", false},
	} {
		if got := abandoned(c.name); got != c.want {
			t.Errorf("abandoned(%q), %s: got %v, want %v", c.name, c.what, got, c.want)
		}
	}
}
