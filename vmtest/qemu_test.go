package vmtest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels"
)

// A clone whose devices differ from the frozen machine's fails in ways that are
// hard to read, or not at all: only the memory's sharing and what boots may differ.
func TestCloneIsMadeOfTheSameDevices(t *testing.T) {
	q := &qemuBinary{Machine: "pc-i440fx-7.2"}
	for _, shape := range Shapes {
		s := machineSpec{image: &kernels.Image{}, shape: shape.filled(), accel: TCG}
		saved := arguments(s.devices(q, memory{mb: 512, path: "M", shared: true})...)
		clone := arguments(s.devices(q, memory{mb: 512, path: "M"})...)
		for i, a := range saved {
			saved[i] = strings.Replace(a, "share=on", "share=off", 1)
		}
		if d := cmp.Diff(saved, clone); d != "" {
			t.Errorf("%s (-saved +clone):\n%s", shape.Name, d)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, s := range Shapes {
		if err := s.filled().check(); err != nil {
			t.Error(err)
		}
		if got, err := ShapeNamed(s.Name); err != nil || got != s {
			t.Errorf("ShapeNamed(%q) = %v, %v", s.Name, got, err)
		}
	}
	if _, err := ShapeNamed("hughe"); err == nil || !strings.Contains(err.Error(), "large") {
		t.Errorf("got %v, want an error that lists the shapes", err)
	}
	for _, s := range []Shape{{CPUs: 65}, {MemoryMB: 1}, {NICPairs: 9}, {CountInstructions: true, CPUs: 2}} {
		if s.filled().check() == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

func TestCmdlineKeepsMitigations(t *testing.T) {
	// The verifier's checks against speculation depend on them.
	for _, a := range []Accel{KVM, TCG} {
		if c := cmdline(Shapes[0], a, ""); strings.Contains(c, "mitigations") {
			t.Errorf("%s: %s", a, c)
		}
	}
}

func TestOldQEMUDoesWithoutCmpxchg16b(t *testing.T) {
	for version, want := range map[string]bool{
		"QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)": true,
		"QEMU emulator version 10.0.2":                                false,
		"something else":                                              true,
	} {
		q := &qemuBinary{Version: version}
		args := strings.Join(processor{Shapes[0], TCG, q.major()}.args(), " ")
		if got := strings.Contains(args, "cx16=off"); got != want {
			t.Errorf("%s: cx16=off %v, want %v", version, got, want)
		}
	}
}

func TestPCMachine(t *testing.T) {
	help := "Supported machines are:\nmicrovm              microvm (i386)\n" +
		"pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-9.2)\n" +
		"pc-i440fx-9.2        Standard PC (i440FX + PIIX, 1996) (default)\n"
	if got := pcMachine([]byte(help)); got != "pc-i440fx-9.2" {
		t.Errorf("got %q", got)
	}
}
