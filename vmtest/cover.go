package vmtest

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// coverageDir is where programs in a guest leave their coverage profiles.
const coverageDir = "/run/assay/cover"

func coverageFile() (string, error) {
	if err := os.MkdirAll(coverageDir, 0o777); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(coverageDir, "*.out")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// guestCoverage is what was covered inside VMs: counts by block, where a block is
// all but the count of a line of a profile.
var guestCoverage = struct {
	sync.Mutex
	blocks map[string]int
}{blocks: map[string]int{}}

// keepCoverage takes the profiles out of an outcome.
func keepCoverage(o *Outcome) {
	for name, b := range o.Files {
		if strings.HasPrefix(name, coverageDir+"/") {
			guestCoverage.Lock()
			addProfile(guestCoverage.blocks, bytes.NewReader(b))
			guestCoverage.Unlock()
		}
	}
}

// addProfile adds a profile as "go test -coverprofile" writes it: a line "mode:",
// then "file.go:1.2,3.4 statements count" each.
func addProfile(blocks map[string]int, r io.Reader) (mode string) {
	for sc := bufio.NewScanner(r); sc.Scan(); {
		line := sc.Text()
		if m, ok := strings.CutPrefix(line, "mode: "); ok {
			mode = m
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		count, err := strconv.Atoi(line[i+1:])
		if i > 0 && err == nil {
			blocks[line[:i]] += count
		}
	}
	return mode
}

// mergeCoverage adds what was covered inside VMs to the profile that package
// testing has written.
func mergeCoverage() error {
	name := ""
	if f := flag.Lookup("test.coverprofile"); f != nil {
		name = f.Value.String()
	}
	guestCoverage.Lock()
	defer guestCoverage.Unlock()
	if name == "" || testing.CoverMode() == "" || len(guestCoverage.blocks) == 0 {
		return nil
	}
	host, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	blocks := guestCoverage.blocks
	mode := addProfile(blocks, bytes.NewReader(host))
	var out bytes.Buffer
	fmt.Fprintf(&out, "mode: %s\n", mode)
	for _, b := range slices.Sorted(maps.Keys(blocks)) {
		count := blocks[b]
		if mode == "set" {
			count = min(count, 1)
		}
		fmt.Fprintf(&out, "%s %d\n", b, count)
	}
	return writeFile(name, out.Bytes())
}
