package kernels

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

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

	pins   map[string]*debian.Pin // by flavour
	debian debianFile
	images []string // OCI references
}

// A Splat is a kernel-log complaint that does not fail a test.
type Splat struct {
	Match  *regexp.Regexp // matches a line of the log
	Reason string         // why it may be there
}

// debianFile says where in Debian's archive a series is.
type debianFile struct {
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

// entryFile is a file of the catalogue.
type entryFile struct {
	Series  string                 `yaml:"series"`
	About   string                 `yaml:"about"`
	Default bool                   `yaml:"default"`
	Cmdline []string               `yaml:"cmdline"`
	Without []string               `yaml:"without"`
	Modules []string               `yaml:"modules"`
	Has     []string               `yaml:"has"`
	Lacks   []string               `yaml:"lacks"`
	Splats  []splatFile            `yaml:"splats"`
	Debian  debianFile             `yaml:"debian"`
	Images  []string               `yaml:"images"`
	Pins    map[string]*debian.Pin `yaml:"pins"`
}

type splatFile struct {
	Match  string `yaml:"match"`
	Reason string `yaml:"reason"`
}

// A catalogue is a list of series, oldest first.
type catalogue []*Entry

//go:embed catalog/*.yaml
var catalogFiles embed.FS

// embedded returns the catalogue this program carries. That it can be read is a
// matter of the program's making, so failing to panics.
var embedded = sync.OnceValue(func() catalogue {
	dir, err := fs.Sub(catalogFiles, "catalog")
	if err == nil {
		var c catalogue
		if c, err = readCatalogue(dir); err == nil {
			return c
		}
	}
	panic(fmt.Sprintf("embedded kernel catalogue: %v", err))
})

// commonFile is the file of the catalogue that all series share.
const commonFile = "common.yaml"

// readCatalogue reads every file of a catalogue.
func readCatalogue(dir fs.FS) (catalogue, error) {
	var common struct {
		Modules []string `yaml:"modules"`
	}
	if err := readYAML(dir, commonFile, &common); err != nil {
		return nil, err
	}
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	var c catalogue
	for _, name := range names {
		if name == commonFile {
			continue
		}
		var f entryFile
		if err := readYAML(dir, name, &f); err != nil {
			return nil, err
		}
		e, err := f.entry(common.Modules)
		if err == nil && name != e.Series+".yaml" {
			err = fmt.Errorf("it describes series %q", e.Series)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c = append(c, e)
	}
	slices.SortFunc(c, func(a, b *Entry) int { return compareSeries(a.Series, b.Series) })
	return c, nil
}

// readYAML decodes a file strictly: an unknown key is a typing error.
func readYAML(dir fs.FS, name string, v any) error {
	b, err := fs.ReadFile(dir, name)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", path.Base(name), err)
	}
	return nil
}

var seriesPattern = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

// entry checks a file and makes the Entry of it.
func (f *entryFile) entry(common []string) (*Entry, error) {
	if !seriesPattern.MatchString(f.Series) {
		return nil, fmt.Errorf("bad series %q", f.Series)
	}
	e := &Entry{
		Series: f.Series, About: f.About, Default: f.Default, Cmdline: f.Cmdline,
		Has: f.Has, Lacks: f.Lacks,
		pins: f.Pins, debian: f.Debian, images: f.Images,
	}
	for flavour, pin := range f.Pins {
		if !slices.Contains(Flavours, flavour) {
			return nil, fmt.Errorf("unknown flavour %q", flavour)
		}
		if err := pin.Check(); err != nil {
			return nil, err
		}
		if !inSeries(pin.Release, f.Series) {
			return nil, fmt.Errorf("pin %s is not of this series", pin.Release)
		}
	}
	for _, s := range f.Splats {
		re, err := regexp.Compile(s.Match)
		if err != nil {
			return nil, fmt.Errorf("splat: %w", err)
		}
		if s.Match == "" || s.Reason == "" {
			return nil, errors.New("a splat needs both match and reason")
		}
		e.Splats = append(e.Splats, Splat{re, s.Reason})
	}
	for _, name := range f.Has {
		if slices.Contains(f.Lacks, name) {
			return nil, fmt.Errorf("feature %s is under both has and lacks", name)
		}
	}
	var err error
	e.Modules, err = moduleList(common, f.Without, f.Modules)
	return e, err
}

// moduleList is common less without, and more.
func moduleList(common, without, more []string) ([]string, error) {
	list := slices.Clone(common)
	for _, name := range without {
		i := slices.Index(list, name)
		if i < 0 {
			return nil, fmt.Errorf("module %s under \"without\" is not common", name)
		}
		list = slices.Delete(list, i, i+1)
	}
	return append(list, more...), nil
}

// Series returns the catalogue entry of a kernel name: "6.12", and also
// "6.12-generic" or "6.12@6.12.107-1".
func Series(name string) (*Entry, bool) {
	sp, err := embedded().parse(name)
	if err != nil || sp.entry == nil {
		return nil, false
	}
	return sp.entry, true
}

// All returns the catalogue, oldest series first.
func All() []*Entry { return slices.Clone(embedded()) }

// Default returns the names of the default matrix, oldest first.
func Default() []string {
	var names []string
	for _, e := range embedded() {
		if e.Default {
			names = append(names, e.Series)
		}
	}
	return names
}

// find returns the entry of a series, nil if there is none.
func (c catalogue) find(series string) *Entry {
	for _, e := range c {
		if e.Series == series {
			return e
		}
	}
	return nil
}

// seriesOf returns the series a release or version belongs to: that of its
// first two numbers; "" if the catalogue has none.
func (c catalogue) seriesOf(release string) string {
	for _, e := range c {
		if inSeries(release, e.Series) {
			return e.Series
		}
	}
	return ""
}

// inSeries tells whether a release is of a series: "6.12.107+deb13-amd64" is of
// 6.12, not of 6.1.
func inSeries(release, series string) bool {
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
