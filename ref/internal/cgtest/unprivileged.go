package cgtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Unprivileged changes cmd to run as nobody, from a copy of its binary where
// everybody may run it.
func Unprivileged(tb testing.TB, cmd *exec.Cmd) *exec.Cmd {
	tb.Helper()
	src, err := os.Open(cmd.Path)
	if err != nil {
		tb.Fatal(err)
	}
	defer src.Close()
	dst := filepath.Join(os.TempDir(), fmt.Sprintf("%s%d", prefix, os.Getpid()))
	f, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.Remove(dst) })
	defer f.Close()
	if _, err := io.Copy(f, src); err != nil {
		tb.Fatal(err)
	}
	cmd.Path, cmd.Dir = dst, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd
}
