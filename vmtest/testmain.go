package vmtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/assay-lab/assay/vmtest/guest"
)

// Roles are what a program does when it is started under another name: the base
// name of its first argument. The result is its exit status.
type Roles map[string]func() int

// Main is the TestMain of a package whose test binary also runs inside VMs. There,
// under the name of a role, it plays that role; on the host it runs the tests, and
// adds to a coverage profile what was covered inside. It does not return.
func Main(m *testing.M, roles Roles) {
	guest.Park()
	if role := roles[filepath.Base(os.Args[0])]; role != nil {
		guest.Exit(playRole(m, role))
	}
	os.Exit(runTests(m))
}

// playRole runs a role. A binary built for coverage can write its counters only at
// the end of its tests, so it then runs none of them, quietly.
func playRole(m *testing.M, role func() int) int {
	status := role()
	if testing.CoverMode() == "" || !guest.Inside() {
		return status
	}
	profile, err := coverageFile()
	if err == nil {
		err = runNoTests(m, profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "write coverage:", err)
	}
	return status
}

// program is where a payload's own program is in the guest.
const program = "/usr/local/lib/assay/program"

// SelfPayload returns a payload that carries this very program, reachable in the
// guest's PATH under the name of each role, and parked as the first of them.
func SelfPayload(roles ...string) (*Payload, error) {
	if len(roles) == 0 {
		roles = []string{ScenarioRole, "assay"}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	files, err := Program(self, program)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		files = append(files, File{Path: RolePath(r), Link: program})
	}
	return &Payload{Files: files, Zygote: RolePath(roles[0])}, nil
}

// RolePath is where a role of a payload is found in the guest.
func RolePath(role string) string { return path.Join("/usr/local/bin", role) }

// ScenarioRole is the role that runs a scenario (see package scenario).
const ScenarioRole = "assay-scenario"

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
