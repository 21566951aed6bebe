package sandbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is a Root in which a shell of this host can run: its layers are a directory
// of the test, and that of the host's /bin, /lib and so on, by links to it.
func root(t *testing.T) (Root, string) {
	t.Helper()
	layer := t.TempDir()
	for _, dir := range []string{"etc/a", "usr/own"} {
		if err := os.MkdirAll(filepath.Join(layer, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{"etc/a/file": "layered", "etc/hostname": "layer"} {
		if err := os.WriteFile(filepath.Join(layer, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	host := t.TempDir() // what the host's programs need
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		st, err := os.Lstat("/" + dir)
		if err != nil {
			continue
		}
		if st.Mode()&os.ModeSymlink == 0 {
			t.Skip("this host's /" + dir + " is not merged into /usr")
		}
		if err := os.Symlink("usr/"+dir, filepath.Join(host, dir)); err != nil {
			t.Fatal(err)
		}
	}
	return Root{
		Layers: []string{layer, host},
		Links:  map[string]string{"/links/sh": "/usr/bin/sh"},
		Binds:  []Bind{{Host: "/usr/bin", Guest: "/usr/bin"}, {Host: "/usr/lib", Guest: "/usr/lib"}, {Host: "/usr/lib64", Guest: "/usr/lib64"}},
	}, layer
}

// shell runs a script in a sandbox and returns its output.
func shell(t *testing.T, ctx context.Context, r Root, script string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(ctx, t.TempDir(), r, Command{Args: []string{"/links/sh", "-c", script}, Dir: "/", Env: []string{"PATH=/usr/bin"}, Output: &out})
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	return strings.TrimSpace(out.String()), err
}

func TestRun(t *testing.T) {
	r, layer := root(t)
	// The layers' usr are merged with the binds' places only if both are directories.
	if err := os.RemoveAll(filepath.Join(layer, "usr")); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	r.Binds = append(r.Binds, Bind{Host: work, Guest: "/work", Write: true})
	for _, test := range []struct{ name, script, want string }{
		{"sees layers", "cat /etc/a/file", "layered"},
		{"is root", "id -u", "0"},
		{"sees no host", "test -e /root -o -e /home || echo nothing", "nothing"},
		{"is alone", "echo $$; ls -d /proc/[0-9]* | wc -l | xargs test 4 -ge && echo few", "1\nfew"},
		{"writes where it may", "echo x >/work/x && cat /work/x", "x"},
		{"writes nowhere else", "echo x 2>/dev/null >/etc/a/file || echo refused; touch /usr/bin/x 2>/dev/null || echo refused", "refused\nrefused"},
		{"has devices", "echo x >/dev/null && head -c 4 /dev/zero | wc -c", "4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := shell(t, t.Context(), r, test.script)
			if err != nil || got != test.want {
				t.Errorf("%q prints %q, %v; want %q", test.script, got, err, test.want)
			}
		})
	}
	if b, err := os.ReadFile(filepath.Join(work, "x")); err != nil || string(b) != "x\n" {
		t.Errorf("the host sees %q, %v of what was written", b, err)
	}
}

func TestRunErrors(t *testing.T) {
	r, layer := root(t)
	os.RemoveAll(filepath.Join(layer, "usr"))
	_, err := shell(t, t.Context(), r, "exit 7")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("a command that ends with 7 makes %v", err)
	}
	r.Binds = append(r.Binds, Bind{Host: "/does/not/exist", Guest: "/x"})
	_, err = shell(t, t.Context(), r, "true")
	var setup *SetupError
	if !errors.As(err, &setup) || !strings.Contains(setup.Reason, "/does/not/exist") {
		t.Errorf("a bind of nothing makes %v", err)
	}
}

// What a cancelled command has started does not outlive it.
func TestRunCancel(t *testing.T) {
	r, layer := root(t)
	os.RemoveAll(filepath.Join(layer, "usr"))
	work := t.TempDir()
	r.Binds = append(r.Binds, Bind{Host: work, Guest: "/work", Write: true})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	go func() {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // polls
			if _, err := os.Stat(filepath.Join(work, "begun")); err == nil {
				break
			}
		}
		cancel(why)
	}()
	begun := time.Now()
	_, err := shell(t, ctx, r, "(sleep 60; touch /work/late) & touch /work/begun; wait")
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if d := time.Since(begun); d > 30*time.Second {
		t.Errorf("it took %v", d)
	}
	entries, err := os.ReadDir(work)
	if err != nil || len(entries) != 1 {
		t.Errorf("left are %v, %v", entries, err)
	}
}
