package selftest

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// A Test is one claim about the module.
type Test struct {
	Name  string // "ordered"
	Claim string // one line
	run   func(*T)
}

// A T is a Test under way. What is wrong is gathered; Fatalf ends the test.
type T struct {
	// Budget bounds tests that could go on for ever.
	Budget time.Duration
	// Seed is what random inputs are made from.
	Seed uint64

	out     io.Writer
	faults  []string
	cleanup []func()
}

// maxFaults is how many faults of a test are told.
const maxFaults = 20

// Errorf notes that something is wrong.
func (t *T) Errorf(format string, args ...any) {
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// Fatalf notes that something is wrong and ends the test.
func (t *T) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

// Logf tells something that is not wrong.
func (t *T) Logf(format string, args ...any) { fmt.Fprintf(t.out, "  "+format+"\n", args...) }

// Cleanup has f called when the test is over.
func (t *T) Cleanup(f func()) { t.cleanup = append(t.cleanup, f) }

// check ends the test if there is an error.
func (t *T) check(err error, what string) {
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// A Failure is a test that did not hold.
type Failure struct {
	Test   string
	Faults []string
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("selftest %s: %s", f.Test, strings.Join(f.Faults, "\n  "))
}

// Options say how to run tests.
type Options struct {
	Budget time.Duration // for those that could go on; some seconds if 0
	Seed   uint64        // for random inputs; the time if 0
	Out    io.Writer     // what there is to say; nil discards
}

// Run runs one test and returns a *Failure if it does not hold. Tests must not run at
// the same time.
func (test *Test) Run(o Options) error {
	if o.Budget == 0 {
		o.Budget = 3 * time.Second
	}
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	t := &T{Budget: o.Budget, Seed: o.Seed, out: o.Out}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(t.cleanup) > 0 {
				last := len(t.cleanup) - 1
				f := t.cleanup[last]
				t.cleanup = t.cleanup[:last]
				f()
			}
		}()
		test.run(t)
	}()
	<-done
	if len(t.faults) > 0 {
		t.Logf("seed %d", o.Seed)
		return &Failure{test.Name, t.faults}
	}
	return nil
}

// Tests are all tests, in the order of what builds on what.
func Tests() []*Test { return append([]*Test(nil), tests...) }

// Lookup returns the test of a name, nil if there is none.
func Lookup(name string) *Test {
	for _, t := range tests {
		if t.Name == name {
			return t
		}
	}
	return nil
}

var tests = []*Test{
	{"bits", "bits of a word, and trees of bitmaps, are found as Go finds them", testBits},
	{"hash", "hashes, sketches and filters are those of the second implementation, bit by bit", testHash},
	{"compare", "arrays of any size are searched as Go searches them, in vectors and without", testCompare},
	{"graph", "nodes, edges and ids of a graph are those of a graph in Go, after any operations", testGraph},
	{"lifetime", "a node lives as long as it is held or owned, and what is left in maps goes with them", testLifetime},
	{"ordered", "an ordered proxy holds what a sorted list holds, for keys of any size", testOrdered},
	{"ranked", "a ranked proxy gives out what a stable sorted list gives", testRanked},
	{"full", "proxies refuse what they have no room for, and use their memory again", testFull},
}
