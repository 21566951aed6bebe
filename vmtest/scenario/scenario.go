package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// A Scenario is one that was read and found well-formed. It does not change.
type Scenario struct {
	// Name is the file's name without directory and extension.
	Name string
	// File is the name it was parsed under, which errors and reasons carry.
	File string
	// Claim is the first line.
	Claim string
	// Shape names the hardware it wants of a VM; "" is the default.
	Shape string
	// Limit is how long it may take on a real machine; 0 is the caller's default.
	Limit time.Duration
	// Needs are the features without which its main part cannot run, in the
	// order of the file.
	Needs []string
	// Brings are what the machine is to carry, for whoever makes it.
	Brings []Bring
	// Data is the whole file.
	Data []byte

	main        part
	unsupported map[string]part // by feature; "" is for those without one
	archive     *txtar.Archive
}

// A Bring is something a scenario's machine is to carry: what the kinds are, and
// how it comes, is for package suite to say.
type Bring struct {
	Kind string   // "package"
	Args []string // its names and settings
	Line int      // of the file
}

// A part is one of a scenario's scripts.
type part struct {
	text     string
	first    int // the line of the file where it starts, from 1
	commands []command
}

// An Error is one fault in a scenario's file.
type Error struct {
	File    string
	Line    int
	Problem string
}

// Error implements error: "file:line: problem", which editors can jump to.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem) }

// Extension is that of a scenario's file.
const Extension = ".txtar"

// unsupportedName is the file, or directory of files by feature, that holds what
// runs where a needed feature is missing.
const unsupportedName = "unsupported"

// Parse reads a scenario. It needs no particular kernel, and it refuses whatever
// can be known to be wrong without running it. The name is the file's, with or
// without directory and extension. All faults are reported, each an [*Error],
// joined in the order of the lines.
func Parse(name string, data []byte) (*Scenario, error) {
	p := &parser{Scenario: &Scenario{
		Name:        strings.TrimSuffix(path.Base(name), Extension),
		File:        strings.TrimSuffix(name, Extension) + Extension,
		Data:        data,
		unsupported: map[string]part{},
	}}
	if p.checkMarkers(); len(p.faults) == 0 {
		p.archive = txtar.Parse(data)
		p.parse()
	}
	if len(p.faults) > 0 {
		return nil, errors.Join(p.sortedFaults()...)
	}
	return p.Scenario, nil
}

// fileLines returns for every file of the archive the line where its content
// starts: after the one with its name.
func fileLines(a *txtar.Archive) []int {
	lines := make([]int, len(a.Files))
	n := 1 + bytes.Count(a.Comment, []byte("\n"))
	for i, f := range a.Files {
		lines[i] = n + 1
		n += 1 + bytes.Count(f.Data, []byte("\n"))
	}
	return lines
}
