package kernels

import (
	"slices"

	"github.com/assay-lab/assay/kernels/catalog"
)

// An Entry is what the catalogue says about one kernel series. Callers must
// not change it.
type Entry = catalog.Entry

// A Splat is a kernel-log complaint that does not fail a test.
type Splat = catalog.Splat

// Flavours are the builds of one version that Debian offers, the default
// first. "cloud" drops hardware that virtual machines do not have.
var Flavours = catalog.Flavours

// Series returns the catalogue entry of a kernel name: "6.12", and also
// "6.12-generic" or "6.12@6.12.107-1".
func Series(name string) (*Entry, bool) {
	sp, err := parseName(catalog.Embedded(), name)
	if err != nil || sp.entry == nil {
		return nil, false
	}
	return sp.entry, true
}

// All returns the catalogue, oldest series first.
func All() []*Entry { return slices.Clone(catalog.Embedded()) }

// Default returns the names of the default matrix, oldest first.
func Default() []string {
	var names []string
	for _, e := range catalog.Embedded() {
		if e.Default {
			names = append(names, e.Series)
		}
	}
	return names
}

// SetFeatures writes what a series has and lacks into its file of the
// catalogue directory dir, leaving everything else in the file as it is.
func SetFeatures(dir, series string, has, lacks []string) error {
	return catalog.SetFeatures(dir, series, has, lacks)
}
