// Package feature tells what the running kernel can do, by trying it.
//
// Versions decide nothing here: distributions backport, and a kernel may be built
// without. Each feature has a name, the field's own term in lower snake case, and a
// probe. What scenarios need, and what the catalogue says a kernel has or lacks,
// are names of this table.
//
// Probes need the privileges of what they try, as a rule root's. They leave nothing
// behind: what needs a network namespace gets one of its own. They are safe for
// concurrent use.
package feature

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrAbsent is what a probe's error is when the kernel does not have the feature.
// Any other error means that it could not be told.
var ErrAbsent = errors.New("the kernel does not have it")

// A Feature is something that some kernels have and others lack.
type Feature struct {
	// Name is how scenarios and the catalogue call it.
	Name string
	// Summary says what it is, in a few words.
	Summary string
	// Since is the first mainline version that has it, such as "5.8". It
	// informs; distributions and configurations differ.
	Since string
	// Commit is the mainline commit that brought it, at least 12 digits, or
	// "" where no single one did.
	Commit string

	probe func() error
}

// Probe tries the feature. The error is nil if it is there, [ErrAbsent] with a
// reason if it is not, and anything else if that could not be told.
func (f Feature) Probe() error { return f.probe() }

// Table returns all features, sorted by name.
func Table() []Feature { return slices.Clone(table) }

// Names returns the names of all features, sorted.
func Names() []string {
	names := make([]string, len(table))
	for i, f := range table {
		names[i] = f.Name
	}
	return names
}

// Lookup returns the feature of that name.
func Lookup(name string) (Feature, bool) {
	i, ok := slices.BinarySearchFunc(table, name, func(f Feature, name string) int {
		return strings.Compare(f.Name, name)
	})
	if !ok {
		return Feature{}, false
	}
	return table[i], true
}

// Main probes all features and prints a line for each: "has NAME", "lacks NAME:
// reason" or "unknown NAME: reason". It returns the exit status: 0, or 1 if some
// could not be told.
func Main(stdout io.Writer) int {
	status := 0
	for _, f := range table {
		line := "has " + f.Name
		switch err := f.Probe(); {
		case errors.Is(err, ErrAbsent):
			line = "lacks " + f.Name + ": " + oneLine(err)
		case err != nil:
			line = "unknown " + f.Name + ": " + oneLine(err)
			status = 1
		}
		if _, err := fmt.Fprintln(stdout, line); err != nil {
			return 1
		}
	}
	return status
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// table holds the features sorted by name.
var table = func() []Feature {
	all := slices.Concat(maps, programs, helpers, attachments, language, kernel, network)
	slices.SortFunc(all, func(a, b Feature) int { return strings.Compare(a.Name, b.Name) })
	return all
}()
