package vmtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// qemuBinary is what the lab must know of an emulator.
type qemuBinary struct {
	Path    string
	Version string // first line of --version
	Machine string // versioned type that "pc" stands for, pc-i440fx-7.2
	stamp   string // tells a rebuilt binary of the same version apart
}

func inspectQEMU(path string) (*qemuBinary, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	q := &qemuBinary{Path: path, stamp: fmt.Sprintf("%d %d", st.Size(), st.ModTime().UnixNano())}
	version, err := askQEMU(path, "--version")
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(version, []byte("\n"))
	q.Version = string(line)
	machines, err := askQEMU(path, "-machine", "help")
	if err != nil {
		return nil, err
	}
	if q.Machine = pcMachine(machines); q.Machine == "" {
		return nil, fmt.Errorf("inspect %s: it has no machine \"pc\": %s\nset ASSAY_QEMU to an emulator for x86-64", path, q.Version)
	}
	return q, nil
}

var versionNumber = regexp.MustCompile(`version (\d+)\.`)

// major returns the first number of the version; 0 if it does not say one.
func (q *qemuBinary) major() int {
	m := versionNumber.FindStringSubmatch(q.Version)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// askQEMU runs it for a text about itself.
func askQEMU(path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("run %s %s: %w\nset ASSAY_QEMU to a working qemu-system-x86_64", path, strings.Join(args, " "), err)
	}
	return out, nil
}

var pcAlias = regexp.MustCompile(`^pc\s.*\(alias of (pc-i440fx-[^)]+)\)`)

func pcMachine(help []byte) string {
	for sc := bufio.NewScanner(bytes.NewReader(help)); sc.Scan(); {
		if m := pcAlias.FindStringSubmatch(sc.Text()); m != nil {
			return m[1]
		}
	}
	return ""
}
