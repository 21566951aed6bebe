package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func put(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSaveIsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := Save(path, put("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Save(path, func(w io.Writer) error {
		_ = put(strings.Repeat("half", 10000))(w)
		return broken
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v, want %v of %s", err, broken, path)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("after an error the file has %d bytes, want what was there", len(got))
	}
	if err := Save(path, put("new")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "new" {
		t.Errorf("the file is %q, want %q", got, "new")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("there are %d files, want the report only: %v", len(left), left)
	}
}

func TestSaveSweeps(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.json")
	stale := fmt.Sprintf("%s.tmp.%d", filepath.Join(filepath.Dir(path), ".report.json"), dead.Process.Pid)
	alive := fmt.Sprintf("%s.tmp.%d", filepath.Join(filepath.Dir(path), ".report.json"), os.Getppid())
	for _, p := range []string{stale, alive} {
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Save(path, put("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a dead process left is still there: %v", err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Errorf("what another process is writing is gone: %v", err)
	}
}

func TestSaveIntoPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := Save(fmt.Sprintf("/dev/fd/%d", w.Fd()), put("through")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "through" {
		t.Errorf("got %q, %v; want %q", got, err, "through")
	}
}
