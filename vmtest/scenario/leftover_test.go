package scenario

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/scenario/internal/place"
)

// leftovers lists what runs of scenarios have left on the machine.
func leftovers(t *testing.T) (left []string) {
	t.Helper()
	dirs := []string{place.Dir}
	if dir, err := feature.Cgroup(); err == nil {
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "assay-scenario.*"))
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, found...)
	}
	return left
}

func checkNothingLeft(t *testing.T) {
	t.Helper()
	if guest.Inside() {
		return // nothing is cleaned up where all dies with the VM
	}
	if left := leftovers(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A run changes nothing on the machine that is to be seen afterwards, whatever its
// verdict.
func TestLeavesNothing(t *testing.T) {
	needRoot(t)
	state := func() string {
		var b strings.Builder
		for _, file := range []string{"/proc/self/mounts", "/proc/net/dev_mcast", "/proc/sys/vm/max_map_count"} {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
		}
		return b.String()
	}
	for _, end := range []string{"", "check 1 == 2"} {
		before := state()
		runScenario(t, `# c
netns A B
cgroup a a/b
cable A/eth0=10.0.0.1/24 B/eth0=10.0.0.2/24
in A@a/b
write /proc/sys/vm/max_map_count 70000
recv r tcp [::]:80
capture c eth0
exec sleep 1000 &
exec sh -c 'setsid sleep 1000 >&- 2>&- &'
mkdir /sys/fs/bpf/d
in B
send tcp 10.0.0.1:80 100
`+end+"\n", "x")
		if diff := cmp.Diff(before, state()); diff != "" {
			t.Errorf("the machine (-before +after):\n%s", diff)
		}
		checkNothingLeft(t)
	}
}

// What a killed run leaves is removed by the next, and only that.
func TestSweepsAfterTheKilled(t *testing.T) {
	needRoot(t)
	if guest.Inside() {
		t.Skip("nothing is cleaned up where all dies with the VM")
	}
	c := process("# c\ncgroup a a/b\nin @a/b\nexec sh -c 'setsid sleep 1000 >&- 2>&- & echo $! >"+t.TempDir()+"/pid'\nexec sleep 1000\n", "x")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stdout, "exec sleep 1000")
	if len(leftovers(t)) == 0 {
		t.Error("while it runs, nothing of it is to be seen: the test would prove nothing")
	}
	if r := runScenario(t, "# c\nlet x 1\n", "y"); r.Verdict != Pass {
		t.Errorf("another scenario beside it: %s", r.Reason)
	}
	if len(leftovers(t)) == 0 {
		t.Error("another scenario has swept what was in use")
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // killed
	left := leftovers(t)
	if len(left) == 0 {
		t.Fatal("the killed run left nothing: the test proves nothing")
	}
	orphans := processesIn(t, left)
	if len(orphans) == 0 {
		t.Fatal("the killed run left no process: the test proves nothing")
	}
	if r := runScenario(t, "# c\nlet x 1\n", "y"); r.Verdict != Pass {
		t.Errorf("the next scenario: %s", r.Reason)
	}
	checkNothingLeft(t)
	for _, pid := range orphans {
		if err := unix.Kill(pid, 0); err != syscall.ESRCH && !isZombie(pid) {
			t.Errorf("process %d still runs (%v)", pid, err)
		}
	}
}

func waitFor(t *testing.T, r io.Reader, text string) {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		var all []byte
		buf := make([]byte, 1024)
		for {
			n, err := r.Read(buf)
			if all = append(all, buf[:n]...); err != nil || bytes.Contains(all, []byte(text)) {
				got <- string(all)
				return
			}
		}
	}()
	select {
	case s := <-got:
		if !strings.Contains(s, text) {
			t.Fatalf("it ended without %q:\n%s", text, s)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("no %q within 20 s", text)
	}
}

// processesIn lists the processes in the cgroups among dirs and below them.
func processesIn(t *testing.T, dirs []string) (pids []int) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.Name() != "cgroup.procs" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, word := range strings.Fields(string(text)) {
				pid, e := strconv.Atoi(word)
				if e != nil {
					return e
				}
				pids = append(pids, pid)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return pids
}

// isZombie tells whether a process has ended and waits for its parent to notice.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z")
}
