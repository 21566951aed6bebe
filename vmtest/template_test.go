package vmtest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// privateLab is a lab with a store of its own, for tests that damage it.
func privateLab(t *testing.T, fresh bool) (*Lab, func() []string) {
	t.Helper()
	testLab(t) // skips where there is none
	var mu sync.Mutex
	var heard []string
	l, err := Open(Config{CacheDir: t.TempDir(), Accel: TCG, Fresh: fresh, Notice: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, line)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return l, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(heard)
	}
}

func heardOf(lines []string, words string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, words) })
}

// A payload on a payload: the parked process stays parked, and the files are there.
func TestTemplatesStack(t *testing.T) {
	tp, err := testTemplate(t, Shape{}).With(t.Context(), Payload{Files: []File{{Path: "/etc/more", Data: []byte("more")}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := tp.Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if b, err := m.ReadFile(t.Context(), "/etc/more"); err != nil || string(b) != "more" {
		t.Errorf("got %q, %v", b, err)
	}
	c := m.Zygote(t.Context(), "/test", "echo", "still here")
	if c == nil {
		t.Fatal("no process is parked")
	}
	if out, err := c.Output(); err != nil || string(out) != "still here\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if m.Zygote(t.Context(), "/test", "true") != nil {
		t.Error("the parked process was given out twice")
	}
}

// What a run changes dies with its machine.
func TestClonesArePristine(t *testing.T) {
	for range 2 {
		m := testClone(t)
		if _, err := m.ReadFile(t.Context(), "/etc/mark"); err == nil {
			t.Error("a clone has a file that another has made")
		}
		if err := m.Put(t.Context(), File{Path: "/etc/mark"}); err != nil {
			t.Fatal(err)
		}
	}
}

// A frozen machine that loads and then does not answer is made again, once, and the
// user hears of it.
func TestDamagedSnapshotIsMadeAgain(t *testing.T) {
	l, heard := privateLab(t, false)
	tp, err := l.Template(t.Context(), testImage(t, testKernel), Shape{})
	if err != nil {
		t.Fatal(err)
	}
	garbage := slices.Repeat([]byte{0xcc}, 8<<20)
	if _, err := tp.frozen.mem.WriteAt(garbage, 16<<20); err != nil { // over the kernel's text
		t.Fatal(err)
	}
	m, err := tp.Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if !heardOf(heard(), "does not restore, making it again") {
		t.Errorf("heard %q, nothing of the damage", heard())
	}
	if err := m.Command(t.Context(), "/sbin/modprobe", "no_such_module").Run(); err == nil {
		t.Error("the new clone does not run commands")
	}
}

func TestFreshBootsEveryTime(t *testing.T) {
	l, _ := privateLab(t, true)
	tp, err := l.Template(t.Context(), testImage(t, testKernel), Shape{})
	if err != nil {
		t.Fatal(err)
	}
	tp, err = tp.With(t.Context(), Payload{Files: []File{{Path: "/etc/more", Data: []byte("more")}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := tp.Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if b, err := m.ReadFile(t.Context(), "/etc/more"); err != nil || string(b) != "more" {
		t.Errorf("got %q, %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(l.store.dir, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("a fresh lab has kept %v, %v", left, err)
	}
}

// When the lab's process is killed, no machine of it lives on.
func TestNothingSurvivesAKilledHost(t *testing.T) {
	testLab(t)
	testTemplate(t, Shape{})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self, "-test.run=^TestHoldClone$", "-test.v")
	host.Env = append(os.Environ(), "ASSAY_TEST_HOLD=1")
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for sc := bufio.NewScanner(out); pid == 0 && sc.Scan(); {
		if _, v, ok := strings.Cut(sc.Text(), "qemu is "); ok {
			pid, _ = strconv.Atoi(v)
		}
	}
	if !alive(pid) {
		t.Fatalf("no machine runs (pid %d)", pid)
	}
	_ = host.Process.Kill()
	_ = host.Wait()
	for deadline := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatalf("qemu %d lives on", pid)
		}
		time.Sleep(10 * time.Millisecond) // polls with a deadline
	}
}

// alive reports whether a process runs; one that only waits to be reaped does not.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	rest := string(b[strings.LastIndexByte(string(b), ')')+1:])
	return !strings.HasPrefix(strings.TrimSpace(rest), "Z")
}

// TestHoldClone is the process that TestNothingSurvivesAKilledHost kills.
func TestHoldClone(t *testing.T) {
	if os.Getenv("ASSAY_TEST_HOLD") == "" {
		t.Skip("a helper of TestNothingSurvivesAKilledHost")
	}
	m := testClone(t)
	os.Stdout.WriteString("qemu is " + strconv.Itoa(m.proc.cmd.Process.Pid) + "\n")
	select {}
}

// Where no saved state loads at all, machines are booted, and the user hears of it.
func TestBootsWhereSnapshotsDoNotWork(t *testing.T) {
	testLab(t)
	qemu, err := findQEMU("")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "qemu")
	text := "#!/bin/sh\ncase \"$*\" in *-incoming*) echo no snapshots today >&2; exit 1;; esac\nexec " + qemu.Path + " \"$@\"\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var heard []string
	l, err := Open(Config{CacheDir: t.TempDir(), QEMU: script, Accel: TCG, Notice: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, line)
	}})
	if err != nil {
		t.Fatal(err)
	}
	tp, err := l.Template(t.Context(), testImage(t, testKernel), Shape{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := tp.Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	mu.Lock()
	defer mu.Unlock()
	if !heardOf(heard, "snapshots of kernel 5.10 do not work here, booting instead") || !heardOf(heard, "no snapshots today") {
		t.Errorf("heard %q, nothing of the fallback and its reason", heard)
	}
}
