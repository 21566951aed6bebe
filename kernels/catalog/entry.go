// Package catalog knows which kernel series there are, what each claims to
// support, and where its files come from.
//
// Every series is one small file of this directory. Its head is written by
// hand; what it has and lacks, and its pins, are written by "assay kernels
// probe" and "assay kernels update".
package catalog

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/debian"
)

// Flavours are the builds of one version that Debian offers, the default
// first. "cloud" drops hardware that virtual machines do not have.
var Flavours = []string{"cloud", "generic", "rt"}

// An Entry is what the catalogue says about one kernel series. Callers must
// not change it.
type Entry struct {
	// Series is the series' name, such as "6.12".
	Series string
	// About says in a few words whose kernel it is.
	About string
	// Default tells that the series belongs to the default matrix.
	Default bool
	// Cmdline are words the kernel command line needs besides the usual.
	Cmdline []string
	// Modules are the modules the lab loads, in ModuleClosure's notation.
	Modules []string
	// Has and Lacks name the features the kernel is known to have and to lack.
	Has, Lacks []string
	// Splats are the kernel-log complaints that are known and harmless.
	Splats []Splat

	// Pins are the packages of each flavour, by its name.
	Pins map[string]*debian.Pin
	// Debian says where in Debian's archive the series is.
	Debian Debian
	// Images are OCI references of kernels that can take its place.
	Images []string
}

// A Splat is a kernel-log complaint that does not fail a test.
type Splat struct {
	Match  *regexp.Regexp // matches a line of the log
	Reason string         // why it may be there
}

// Debian says where in Debian's archive a series is.
type Debian struct {
	// Suites are looked at in this order.
	Suites []string `yaml:"suites"`
	// Flavours are the ones to pin.
	Flavours []string `yaml:"flavours"`
	// Frozen tells that the suites have left Debian's mirrors and will not
	// change any more.
	Frozen bool `yaml:"frozen"`
	// Snapshot is a time to look at the suites, for a series that they have
	// dropped, in debian.SnapshotTime's format.
	Snapshot string `yaml:"snapshot"`
	// Headers is a time at which the suites had the headers of the pinned
	// kernels, for suites that dropped them sooner than the kernels.
	Headers string `yaml:"headers"`
}

// Suites is where to look for the kernels of the series, in order.
func (e *Entry) Suites() []debian.Suite {
	var list []debian.Suite
	for _, name := range e.Debian.Suites {
		list = append(list, debian.Suite{Name: name, Snapshot: e.Debian.Snapshot, Frozen: e.Debian.Frozen})
	}
	return list
}

// A Catalog is a list of series, oldest first.
type Catalog []*Entry

// Find returns the entry of a series, nil if there is none.
func (c Catalog) Find(series string) *Entry {
	for _, e := range c {
		if e.Series == series {
			return e
		}
	}
	return nil
}

// SeriesOf returns the series a release or version belongs to: that of its
// first two numbers; "" if the catalogue has none.
func (c Catalog) SeriesOf(release string) string {
	for _, e := range c {
		if InSeries(release, e.Series) {
			return e.Series
		}
	}
	return ""
}

// InSeries tells whether a release is of a series: "6.12.107+deb13-amd64" is of
// 6.12, not of 6.1.
func InSeries(release, series string) bool {
	rest, ok := strings.CutPrefix(release, series)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// compareSeries orders by number, so that 6.9 comes before 6.12.
func compareSeries(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return slices.CompareFunc(x, y, func(s, t string) int {
		m, _ := strconv.Atoi(s)
		n, _ := strconv.Atoi(t)
		return cmp.Compare(m, n)
	})
}
