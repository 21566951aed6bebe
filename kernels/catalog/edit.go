package catalog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// SetFeatures writes what a series has and lacks into its file of the
// catalogue directory dir, leaving everything else in the file as it is.
func SetFeatures(dir, series string, has, lacks []string) error {
	return edit(dir, series, map[string]any{"has": has, "lacks": lacks})
}

// SetPins writes the pins of a series into its file, in the same way.
func SetPins(dir, series string, pins map[string]*debian.Pin) error {
	return edit(dir, series, map[string]any{"pins": pins})
}

// edit replaces top-level keys of a series' file, and keeps the file from
// becoming one that cannot be read.
func edit(dir, series string, values map[string]any) error {
	name := filepath.Join(dir, series+".yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("edit catalogue: %w", err)
	}
	for key, value := range values {
		if text, err = spliceKey(text, key, value); err != nil {
			return fmt.Errorf("edit %s: %w", name, err)
		}
	}
	var f entryFile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return fmt.Errorf("edit %s: %w", name, err)
	}
	return whole.WriteFile(name, text)
}

// topLevel matches the lines at which something new begins at the left edge: a
// key, a comment, an empty line.
var topLevel = regexp.MustCompile(`(?m)^(?:[A-Za-z#]|$)`)

// spliceKey replaces the value of a top-level key in YAML text, or appends the
// key. It works on the text because a YAML encoder would drop the blank lines
// and move the comments that people put there.
func spliceKey(text []byte, key string, value any) ([]byte, error) {
	var block bytes.Buffer
	enc := yaml.NewEncoder(&block)
	enc.SetIndent(2)
	if err := enc.Encode(map[string]any{key: value}); err != nil {
		return nil, err
	}
	begin := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `:`).FindIndex(text)
	if begin == nil {
		return append(append(bytes.TrimRight(text, "\n"), '\n', '\n'), block.Bytes()...), nil
	}
	end := len(text)
	if line := bytes.IndexByte(text[begin[1]:], '\n'); line >= 0 {
		rest := begin[1] + line + 1
		if next := topLevel.FindIndex(text[rest:]); next != nil {
			end = rest + next[0]
		}
	}
	var out bytes.Buffer
	out.Write(text[:begin[0]])
	out.Write(block.Bytes())
	out.Write(text[end:])
	return out.Bytes(), nil
}
