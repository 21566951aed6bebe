package kbuild

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A config is a kernel configuration or a fragment of one: values by symbol,
// "y", "m", "n", a number or a quoted string. What is "not set" is "n".
type config map[string]string

var (
	setPattern   = regexp.MustCompile(`^(CONFIG_[A-Za-z0-9_]+)=(.+)$`)
	unsetPattern = regexp.MustCompile(`^# (CONFIG_[A-Za-z0-9_]+) is not set$`)
)

// parseConfig reads a configuration. Comments are passed over; other lines that
// set nothing, and symbols that are set twice, are errors.
func parseConfig(r io.Reader) (config, error) {
	c := config{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		m := setPattern.FindStringSubmatch(line)
		if u := unsetPattern.FindStringSubmatch(line); u != nil {
			m = []string{"", u[1], "n"}
		}
		switch {
		case m != nil && c[m[1]] != "" && c[m[1]] != m[2]:
			return nil, fmt.Errorf("line %d: %s is set twice, to %s and %s", n, m[1], c[m[1]], m[2])
		case m != nil:
			c[m[1]] = m[2]
		case line != "" && line[0] != '#':
			return nil, fmt.Errorf("line %d: cannot read %q", n, line)
		}
	}
	return c, s.Err()
}

func readConfig(name string) (config, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := parseConfig(f)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", name, err)
	}
	return c, nil
}

// writeMerged writes base with asked merged over it, as Kconfig reads it. What
// was asked for comes last: of a choice's options, Kconfig takes the last.
func writeMerged(name string, base, asked config) error {
	var b bytes.Buffer
	for _, sym := range slices.Sorted(maps.Keys(base)) {
		if _, ok := asked[sym]; !ok {
			writeOption(&b, sym, base[sym])
		}
	}
	for _, sym := range slices.Sorted(maps.Keys(asked)) {
		writeOption(&b, sym, asked[sym])
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

func writeOption(b *bytes.Buffer, sym, value string) {
	if value == "n" {
		fmt.Fprintf(b, "# %s is not set\n", sym)
	} else {
		fmt.Fprintf(b, "%s=%s\n", sym, value)
	}
}

// A ConfigError tells which options a configuration did not come to have.
type ConfigError struct {
	// Options are "CONFIG_X=y is n", in order.
	Options []string
}

func (e *ConfigError) Error() string {
	return "the kernel's configuration lacks what was asked for: " + strings.Join(e.Options, ", ") +
		"\nan option stays off when one that it depends on is off; see \"depends on\" in the kernel's Kconfig files"
}

// lacking compares what was asked for with what came of it.
func (c config) lacking(asked config) error {
	var e ConfigError
	for _, sym := range slices.Sorted(maps.Keys(asked)) {
		want, got := asked[sym], c[sym]
		if got == "" {
			got = "n"
		}
		if got == want || want == "m" && got == "y" { // built in is as good
			continue
		}
		e.Options = append(e.Options, fmt.Sprintf("%s=%s is %s", sym, want, got))
	}
	if len(e.Options) == 0 {
		return nil
	}
	return &e
}

// symbolPattern matches where a Kconfig file defines a symbol.
var symbolPattern = regexp.MustCompile(`(?m)^\s*(?:menu)?config\s+([A-Za-z0-9_]+)\s*$`)

// symbols returns all symbols that the Kconfig files of a source tree define,
// for whichever architecture.
func symbols(tree string) (map[string]bool, error) {
	known := map[string]bool{}
	err := filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipDir(d.Name()) {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !strings.HasPrefix(d.Name(), "Kconfig") {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range symbolPattern.FindAllSubmatch(b, -1) {
			known["CONFIG_"+string(m[1])] = true
		}
		return nil
	})
	if err == nil && len(known) == 0 {
		err = fmt.Errorf("%s has no Kconfig files", tree)
	}
	return known, err
}

// skipDir names the large directories that hold no Kconfig files.
func skipDir(name string) bool {
	return name == ".git" || name == "Documentation" || name == "dts"
}
