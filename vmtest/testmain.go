package vmtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/assay-lab/assay/vmtest/guest"
)

// A Role is what a program does when it is started under another name, as a
// payload's program is inside a VM.
type Role struct {
	// Prepare, if not nil, is called when the program is started ahead of its
	// command: what it does is done once, not by every clone.
	Prepare func() error
	// Run does it and returns the exit status.
	Run func() int
}

// Roles are the roles of a program, by the base name of its first argument.
type Roles map[string]Role

// Play plays the role the program was started for, parking first if it is started
// ahead of its command (see package guest). It returns false if there is none.
func (r Roles) Play() (status int, ok bool) {
	role, ok := r[filepath.Base(os.Args[0])]
	if ok && role.Prepare != nil && guest.Ahead() {
		if err := role.Prepare(); err != nil {
			fmt.Fprintf(os.Stderr, "prepare %s: %v\n", os.Args[0], err)
			os.Exit(125)
		}
	}
	guest.Park()
	if role, ok = r[filepath.Base(os.Args[0])]; !ok {
		return 0, false
	}
	return role.Run(), true
}

// Main is the TestMain of a package whose test binary also runs inside VMs. There,
// under the name of a role, it plays that role; on the host it runs the tests, and
// adds to a coverage profile what was covered inside. It does not return.
func Main(m *testing.M, roles Roles) {
	status, played := roles.Play()
	if !played {
		os.Exit(runTests(m))
	}
	if testing.CoverMode() != "" && guest.Inside() {
		writeCoverage(m)
	}
	guest.Exit(status)
}

// writeCoverage leaves what was covered by a role. A binary built for coverage can
// write its counters only at the end of its tests, so it runs none of them, quietly.
func writeCoverage(m *testing.M) {
	profile, err := coverageFile()
	if err == nil {
		err = runNoTests(m, profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write coverage:", err)
	}
}

// program is where a payload's own program is in the guest.
const program = "/usr/local/lib/assay/program"

// SelfPayload returns a payload that carries this very program, reachable in the
// guest's PATH under the name of each role, and parked as the first of them.
func SelfPayload(roles ...string) (*Payload, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	files, err := Program(self, program)
	if err != nil {
		return nil, err
	}
	p := &Payload{Files: files}
	for i, r := range roles {
		p.Files = append(p.Files, File{Path: RolePath(r), Link: program})
		if i == 0 {
			p.Zygote = RolePath(r)
		}
	}
	return p, nil
}

// RolePath is where a role of a payload is found in the guest.
func RolePath(role string) string { return path.Join("/usr/local/bin", role) }

// runNoTests lets package testing write the coverage profile of what has already run.
func runNoTests(m *testing.M, profile string) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	stdout := os.Stdout
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	os.Args = []string{os.Args[0], "-test.run=^$", "-test.coverprofile=" + profile}
	if status := m.Run(); status != 0 {
		return fmt.Errorf("package testing ended with status %d", status)
	}
	return nil
}

func runTests(m *testing.M) int {
	status := m.Run()
	if err := mergeCoverage(); err != nil {
		fmt.Fprintln(os.Stderr, "merge coverage of guests:", err)
		return max(status, 1)
	}
	return status
}
