package account_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

func TestAttachErrors(t *testing.T) {
	m := load(t, account.Options{})
	dir := cgtest.New(t)
	for _, tt := range []struct {
		name, path string
		want       error
		text       string
	}{
		{"file", filepath.Join(dir, "cgroup.procs"), account.ErrNotCgroup2, "not a cgroup v2 directory"},
		{"other file system", t.TempDir(), account.ErrNotCgroup2, "cgroup v2 is mounted at " + cgtest.Root(t)},
		{"missing", filepath.Join(dir, "nobody"), fs.ErrNotExist, filepath.Join(dir, "nobody")},
		{"name for path", "/" + filepath.Base(dir), fs.ErrNotExist, "did you mean " + dir + "?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := m.Attach(tt.path)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %q, want it to say %q", err, tt.text)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	cgtest.Root(t)
	for _, o := range []account.Options{{Storage: "tape"}, {Attach: "nail"}} {
		m, err := account.Load(o)
		if !errors.Is(err, account.ErrUnsupported) {
			t.Errorf("%+v: got %v, %v, want %v", o, m, err, account.ErrUnsupported)
		}
	}
}

// TestPrivileges runs itself without any.
func TestPrivileges(t *testing.T) {
	dir := os.Getenv("ASSAY_TEST_UNPRIVILEGED")
	if dir != "" {
		m, err := account.Load(account.Options{})
		if err == nil { // a kernel that lets everybody load these programs
			_, err = m.Attach(dir)
		}
		fmt.Println(errors.Is(err, account.ErrPrivileges), err)
		return
	}
	dir = cgtest.New(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := cgtest.Unprivileged(t, reexec(t, "TestPrivileges", "ASSAY_TEST_UNPRIVILEGED="+dir))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.HasPrefix(out, []byte("true ")) || !bytes.Contains(out, []byte("run as root, or grant ")) {
		t.Errorf("got %q, want %v with advice", out, account.ErrPrivileges)
	}
}

// reexec returns a command that runs one test of this binary.
func reexec(t *testing.T, test string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// TestOtherPrograms: beside a program that tolerates others both run; one that
// does not is named, and never switched off.
func TestOtherPrograms(t *testing.T) {
	const multi, override, exclusive = 2, 1, 0
	for _, tt := range []struct {
		name  string
		flags uint32
		here  bool // on the cgroup itself, not its parent
		want  error
	}{
		{"multi above", multi, false, nil},
		{"multi here", multi, true, nil},
		{"override above", override, false, account.ErrOverrides},
		{"override here", override, true, account.ErrExclusive},
		{"exclusive above", exclusive, false, account.ErrExclusive},
		{"exclusive here", exclusive, true, account.ErrExclusive},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := load(t, account.Options{})
			parent := cgtest.New(t)
			dir := cgtest.Child(t, parent, "child")
			holder := parent
			if tt.here {
				holder = dir
			}
			attachOther(t, holder, tt.flags)
			c, err := m.Attach(dir)
			if err == nil {
				defer c.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), holder) || !strings.Contains(err.Error(), "(other)")) {
				t.Errorf("got %q, want the program (other) at %s named", err, holder)
			}
		})
	}
}

// attachOther attaches a program called "other" that lets everything pass.
func attachOther(t *testing.T, dir string, flags uint32) {
	t.Helper()
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "other", Type: ebpf.CGroupSKB, AttachType: ebpf.AttachCGroupInetEgress, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 1), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = link.RawAttachProgram(link.RawAttachProgramOptions{
		Target: int(f.Fd()), Program: prog, Attach: ebpf.AttachCGroupInetEgress, Flags: flags,
	})
	if err != nil {
		t.Fatal(err)
	}
}
