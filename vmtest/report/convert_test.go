package report

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
)

// helloSHA256 is what sha256sum prints of a file with "hello\n".
const helloSHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

func hello(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hello")
	if err := os.WriteFile(path, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFromImage(t *testing.T) {
	image := &kernels.Image{Name: "6.12-rt", Series: "6.12", Release: "6.12.117-rt", Version: "6.12.117-1", Source: "debian", Digest: "d", Kernel: hello(t)}
	got, err := FromImage(image, vmtest.TCG)
	if err != nil {
		t.Fatal(err)
	}
	want := Kernel{Name: "6.12-rt", Series: "6.12", Release: "6.12.117-rt", Version: "6.12.117-1", Source: "debian", Digest: "d", SHA256: helloSHA256, Accel: "tcg"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kernel differs (-want +got):\n%s", diff)
	}
	image.Kernel += ".gone"
	if _, err := FromImage(image, vmtest.TCG); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("of a file that is gone: got %v", err)
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

func TestFromFile(t *testing.T) {
	got, err := FromFile("a.bpf.o", hello(t))
	if want := (Subject{"a.bpf.o", helloSHA256}); err != nil || *got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestThisHost(t *testing.T) {
	h := ThisHost()
	if h.Kernel == "" || h.CPUs != runtime.NumCPU() {
		t.Errorf("got %+v, want a kernel and %d CPUs", h, runtime.NumCPU())
	}
}

func TestField(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("NAME=x\nPRETTY_NAME=\"A = B\"\nPRETTY_NAME=c\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"PRETTY_NAME": `"A = B"`, "NAME": "x", "ME": ""} {
		if got := field(path, name, "="); got != want {
			t.Errorf("field %s = %q, want %q", name, got, want)
		}
	}
	if got := field(path+".gone", "NAME", "="); got != "" {
		t.Errorf("of a file that is gone: %q", got)
	}
}

func TestHostString(t *testing.T) {
	h := Host{OS: "Debian", Kernel: "6.12", CPU: "EPYC", CPUs: 1, QEMU: "10.0", Accel: "kvm"}
	if got, want := h.String(), "Debian, 6.12, 1 CPU EPYC, QEMU 10.0, KVM"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Host{}).String(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
