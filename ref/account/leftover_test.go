package account_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/internal/cgtest"
)

// TestKilled: after SIGKILL nothing of a process that attached by link stays;
// what one that could not leaves is removed by the next, and only that.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("ASSAY_TEST_VICTIM"); dir != "" {
		m, err := account.Load(account.Options{Attach: account.Method(os.Getenv("ASSAY_TEST_ATTACH"))})
		if err == nil {
			_, err = m.Attach(dir)
		}
		fmt.Println("attached", err)
		io.Copy(io.Discard, os.Stdin) // until killed
		return
	}
	for _, tt := range []struct {
		attach  account.Method
		left    int // programs after the kill
		removed int
	}{
		{account.ByLink, 0, 0},
		{account.ByProgram, 2, 2},
	} {
		t.Run(string(tt.attach), func(t *testing.T) {
			m := load(t, account.Options{Attach: tt.attach})
			dir, elsewhere := cgtest.New(t), cgtest.New(t)
			kill := victim(t, dir, tt.attach)
			if got := cgtest.Programs(t, dir); got != 2 {
				t.Fatalf("%d programs attached by the victim, want 2", got)
			}
			c := attach(t, m, elsewhere) // a living process's programs are left alone
			if got := cgtest.Programs(t, dir); got != 2 || m.Stale() != 0 {
				t.Fatalf("%d programs attached, %d removed, while the victim lives, want 2 and 0", got, m.Stale())
			}
			kill()
			cgtest.Eventually(t, "kernel detaches", func() error {
				if got := cgtest.Programs(t, dir); got != tt.left {
					return fmt.Errorf("%d programs attached after the kill, want %d", got, tt.left)
				}
				return nil
			})
			next := load(t, account.Options{Attach: tt.attach})
			again := attach(t, next, dir)
			if got := next.Stale(); got != tt.removed {
				t.Errorf("removed %d programs, want %d", got, tt.removed)
			}
			if got := cgtest.Programs(t, dir); got != 2 {
				t.Errorf("%d programs attached by the successor, want 2", got)
			}
			if got := cgtest.Programs(t, elsewhere); got != 2 {
				t.Errorf("%d programs attached elsewhere, want 2", got)
			}
			again.Close()
			c.Close()
			if got := cgtest.Programs(t, dir) + cgtest.Programs(t, elsewhere); got != 0 {
				t.Errorf("%d programs attached after closing, want 0", got)
			}
		})
	}
}

// victim starts a process that attaches to dir, and returns what kills it.
func victim(t *testing.T, dir string, how account.Method) func() {
	t.Helper()
	cmd := reexec(t, "TestKilled", "ASSAY_TEST_VICTIM="+dir, "ASSAY_TEST_ATTACH="+string(how))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(func() { stdin.Close(); kill() })
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "attached <nil>\n" {
		t.Fatalf("victim: %s", line)
	}
	return kill
}
