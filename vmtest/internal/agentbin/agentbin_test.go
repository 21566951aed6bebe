package agentbin

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What users run inside their VMs must be what they can read.
func TestAgentIsWhatItsSourcesGive(t *testing.T) {
	built, err := os.ReadFile("agent_amd64.go-version")
	if err != nil {
		t.Fatal(err)
	}
	if v := strings.TrimSpace(string(built)); v != runtime.Version() {
		t.Skipf("the committed agent was built by %s, this is %s: bytes differ between compilers", v, runtime.Version())
	}
	out := filepath.Join(t.TempDir(), "agent")
	if b, err := exec.Command("sh", "generate.sh", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	f, err := os.Open(out + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fresh, committed) {
		t.Error("the committed guest agent is stale: run 'go generate ./vmtest/internal/agentbin'")
	}
}
