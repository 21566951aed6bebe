package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/assay-lab/assay/ref/account/cli"
	"github.com/assay-lab/assay/ref/internal/cgtest"
)

// TestMain lets the test binary be the command.
func TestMain(m *testing.M) {
	if os.Getenv("ASSAY_TEST_COMMAND") != "" {
		if err := cli.New(os.Stdout, os.Stderr).Execute(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(status(err))
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "ASSAY_TEST_COMMAND=1")
	return cmd
}

// TestSignals: an interrupted command detaches, prints what it has, and succeeds.
func TestSignals(t *testing.T) {
	for _, attach := range []string{"link", "program"} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			t.Run(attach+"/"+sig.String(), func(t *testing.T) {
				dir := cgtest.New(t)
				cmd := command(t, "--json", "--interval", "1h", "--attach", attach, dir)
				stdout, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer cmd.Process.Kill()
				lines := bufio.NewScanner(stdout)
				if !lines.Scan() {
					cmd.Wait()
					t.Fatalf("no first document: %s", stderr.String())
				}
				if got := cgtest.Programs(t, dir); got != 2 {
					t.Fatalf("%d programs attached, want 2", got)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				if !lines.Scan() || !strings.Contains(lines.Text(), `"final":true`) {
					t.Errorf("last line %q, want a final document", lines.Text())
				}
				if err := cmd.Wait(); err != nil {
					t.Errorf("%v\n%s", err, stderr.String())
				}
				if got := cgtest.Programs(t, dir); got != 0 {
					t.Errorf("%d programs left attached", got)
				}
			})
		}
	}
}

// TestClosedPipe: "assay account … | head -1" detaches too.
func TestClosedPipe(t *testing.T) {
	dir := cgtest.New(t)
	cmd := command(t, "--json", "--interval", "10ms", "--attach", "program", dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	stdout.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := cgtest.Programs(t, dir); got != 0 {
		t.Errorf("%d programs left attached", got)
	}
}

// TestUnprivileged: the reason and what to do are said, and nothing else.
func TestUnprivileged(t *testing.T) {
	dir := cgtest.New(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := cgtest.Unprivileged(t, command(t, dir))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != 3 || stdout.Len() > 0 {
		t.Errorf("status %d, stdout %q, want 3 and nothing", got, stdout.String())
	}
	if !strings.Contains(stderr.String(), "not enough privileges") || !strings.Contains(stderr.String(), "run as root, or grant CAP_") {
		t.Errorf("got %q, want the reason and advice", stderr.String())
	}
}
