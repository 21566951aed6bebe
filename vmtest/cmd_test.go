package vmtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCmdIsLikeExecCmd(t *testing.T) {
	m := testClone(t)
	ctx := t.Context()

	t.Run("outputs stay apart", func(t *testing.T) {
		c := m.Command(ctx, "/test", "echo", "hello", "there")
		var out, err bytes.Buffer
		c.Stdout, c.Stderr = &out, &err
		if e := c.Run(); e != nil {
			t.Fatal(e)
		}
		if out.String() != "hello there\n" || err.String() != "and on stderr\n" {
			t.Errorf("got stdout %q, stderr %q", &out, &err)
		}
	})

	t.Run("environment and directory", func(t *testing.T) {
		c := m.Command(ctx, "/test", "env", "A", "HOME")
		c.Env, c.Dir = []string{"A=b c"}, "/proc/self"
		out, err := c.Output()
		want := "A=b c\nHOME=\n/proc/"
		if err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("got %q, %v, want %q…", out, err, want)
		}
	})

	t.Run("a large standard input comes back whole", func(t *testing.T) {
		in := bytes.Repeat([]byte("0123456789abcdef"), 300_000)
		c := m.Command(ctx, "/test", "cat")
		c.Stdin = bytes.NewReader(in)
		out, err := c.Output()
		if err != nil || !bytes.Equal(in, out) {
			t.Errorf("sent %d bytes, got %d, %v", len(in), len(out), err)
		}
	})

	t.Run("exit status and signal", func(t *testing.T) {
		var exit *ExitError
		if err := m.Command(ctx, "/test", "exit", "42").Run(); !errors.As(err, &exit) || exit.Code != 42 {
			t.Errorf("got %v, want exit status 42", err)
		}
		if err := m.Command(ctx, "/test", "kill-self", "15").Run(); !errors.As(err, &exit) || exit.Signal != syscall.SIGTERM {
			t.Errorf("got %v, want signal: terminated", err)
		}
		if err := m.Command(ctx, "no-such-program").Run(); err == nil || !strings.Contains(err.Error(), "find in PATH no-such-program") {
			t.Errorf("got %v, want it not found", err)
		}
	})

	t.Run("signals arrive", func(t *testing.T) {
		c := m.Command(ctx, "/test", "trap")
		r, w := io.Pipe()
		c.Stdout = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 6)
		if _, err := io.ReadFull(r, line); err != nil || string(line) != "ready\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		go func() { _, _ = io.Copy(io.Discard, r) }()
		if err := c.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		var exit *ExitError
		if err := c.Wait(); !errors.As(err, &exit) || exit.Code != 7 {
			t.Errorf("got %v, want exit status 7", err)
		}
	})

	t.Run("cancelling kills", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		if err := m.Command(ctx, "/test", "sleep").Run(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})

	t.Run("a stalled reader stalls nobody else", func(t *testing.T) {
		c := m.Command(ctx, "/test", "flood", "2")
		r, w := io.Pipe()
		c.Stdout = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if out, err := m.Command(ctx, "/test", "echo", "x").Output(); err != nil || string(out) != "x\n" {
			t.Errorf("meanwhile: got %q, %v", out, err)
		}
		done := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, r)
			done <- n
		}()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
		w.Close()
		if n := <-done; n != 2<<20 {
			t.Errorf("got %d bytes, want %d", n, 2<<20)
		}
	})

	t.Run("terminal", func(t *testing.T) {
		c := m.Command(ctx, "/test", "size")
		c.Terminal = &WindowSize{Rows: 33, Cols: 101}
		out, err := c.Output()
		if err != nil || string(out) != "33 101\r\n" {
			t.Errorf("got %q, %v, want the size I gave", out, err)
		}
	})

	t.Run("a closed machine says so", func(t *testing.T) {
		m := testClone(t)
		c := m.Command(ctx, "/test", "sleep")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		m.Close()
		if err := c.Wait(); !errors.Is(err, ErrGuestGone) {
			t.Errorf("got %v, want %v", err, ErrGuestGone)
		}
		if err := m.Command(ctx, "/test", "true").Run(); !errors.Is(err, ErrGuestGone) {
			t.Errorf("after that: got %v, want %v", err, ErrGuestGone)
		}
	})
}

func TestFilesGoInAndComeOut(t *testing.T) {
	m := testClone(t)
	ctx := t.Context()
	big := bytes.Repeat([]byte("assay"), 1<<18)
	err := m.Put(ctx,
		File{Path: "/tmp/in/big", Data: big, Mode: 0o640},
		File{Path: "/tmp/in/empty"},
		File{Path: "/tmp/in/link", Link: "big"},
		File{Path: "/tmp/in/dir", Mode: os.ModeDir | 0o700},
	)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.ReadFile(ctx, "/tmp/in/big")
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("read back %d bytes, %v, want %d", len(got), err, len(big))
	}
	dst := filepath.Join(t.TempDir(), "out")
	if err := m.Get(ctx, "/tmp/in", dst); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, want := range []string{"big", "empty", "link", "dir"} {
		if st, err := os.Lstat(filepath.Join(dst, "in", want)); err == nil {
			names = append(names, st.Name()+" "+st.Mode().String())
		}
	}
	want := []string{"big -rw-r-----", "empty -rw-r--r--", "link Lrwxrwxrwx", "dir drwx------"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("copied out (-want +got):\n%s", d)
	}
	for name, file := range map[string]File{
		"relative":    {Path: "tmp/x"},
		"no source":   {Path: "/tmp/x", Source: filepath.Join(dst, "nowhere")},
		"a directory": {Path: "/tmp/x", Source: dst},
		"over a dir":  {Path: "/tmp", Data: big},
	} {
		if err := m.Put(ctx, file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := m.ReadFile(ctx, "/no/such/file"); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

// Clones must differ in what is random, agree with the host on the time, and
// start from the same files.
func TestClonesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		before := time.Now()
		o := runRole(t, role("random"))
		after := time.Now()
		uuid, stamp, _ := strings.Cut(strings.TrimSpace(o.Stdout), "\n")
		if uuid == "" || seen[uuid] {
			t.Errorf("uuid %q came twice, or not at all", uuid)
		}
		seen[uuid] = true
		if ns := time.Unix(0, int64(atoi(stamp))); ns.Before(before) || ns.After(after) {
			t.Errorf("the guest's clock says %v, it was between %v and %v", ns, before, after)
		}
	}
}
