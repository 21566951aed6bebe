package catalog

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/assay-lab/assay/kernels/internal/debian"
)

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
	Debian  Debian                 `yaml:"debian"`
	Images  []string               `yaml:"images"`
	Pins    map[string]*debian.Pin `yaml:"pins"`
}

type splatFile struct {
	Match  string `yaml:"match"`
	Reason string `yaml:"reason"`
}

//go:embed *.yaml
var files embed.FS

// Embedded returns the catalogue this program carries. That it can be read is a
// matter of the program's making, so failing to panics.
var Embedded = sync.OnceValue(func() Catalog {
	c, err := Read(files)
	if err != nil {
		panic(fmt.Sprintf("embedded kernel catalogue: %v", err))
	}
	return c
})

// commonFile is the file of the catalogue that all series share.
const commonFile = "common.yaml"

// Read reads every file of a catalogue.
func Read(dir fs.FS) (Catalog, error) {
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
	var c Catalog
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
		Pins: f.Pins, Debian: f.Debian, Images: f.Images,
	}
	for flavour, pin := range f.Pins {
		if !slices.Contains(Flavours, flavour) {
			return nil, fmt.Errorf("unknown flavour %q", flavour)
		}
		if err := pin.Check(); err != nil {
			return nil, err
		}
		if !InSeries(pin.Release, f.Series) {
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
