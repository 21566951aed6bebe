package scenario

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Verdict is what came of a scenario.
type Verdict string

// Verdicts. Package vmtest has more, for what no scenario can say of itself.
const (
	Pass        Verdict = "pass"
	Unsupported Verdict = "unsupported" // a needed feature is missing, and was seen to be refused
	Fail        Verdict = "fail"
)

// A Result is what [Main] reports about a scenario.
type Result struct {
	Verdict Verdict
	// Reason is the cause in one line; empty for a pass.
	Reason string
	// Has and Lacks are those of the scenario's needs that the kernel has and
	// lacks.
	Has, Lacks []string
	// Ran is how many commands were started.
	Ran int
}

// write writes the record at once: what is read of it is whole or not there. The
// count is last, so that a record cut short is recognised.
func (r Result) write(w io.Writer) error {
	text := fmt.Sprintf("verdict: %s\nreason: %s\nhas: %s\nlacks: %s\nran: %d\n", r.Verdict,
		oneLine(r.Reason), strings.Join(r.Has, " "), strings.Join(r.Lacks, " "), r.Ran)
	_, err := io.WriteString(w, text)
	return err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ParseResult reads the record that [Main] writes to its standard error, and
// passes over other lines. An error means that there is none, or only part of one:
// the scenario did not come to its end.
func ParseResult(stderr string) (Result, error) {
	var r Result
	seen := map[string]bool{}
	for line := range strings.Lines(stderr) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		known, err := r.set(key, strings.TrimSpace(value))
		switch {
		case err != nil:
			return Result{}, err
		case known && seen[key]:
			return Result{}, fmt.Errorf("read result: %s is there twice", key)
		case known:
			seen[key] = true
		}
	}
	if !seen["verdict"] || !seen["ran"] {
		return Result{}, fmt.Errorf("read result: there is none: the scenario did not come to its end")
	}
	return r, nil
}

// set sets what a line of the record says.
func (r *Result) set(key, value string) (known bool, err error) {
	switch key {
	case "verdict":
		r.Verdict = Verdict(value)
		if r.Verdict != Pass && r.Verdict != Unsupported && r.Verdict != Fail {
			err = fmt.Errorf("read result: unknown verdict %q", value)
		}
	case "reason":
		r.Reason = value
	case "has":
		r.Has = strings.Fields(value)
	case "lacks":
		r.Lacks = strings.Fields(value)
	case "ran":
		if r.Ran, err = strconv.Atoi(value); err != nil || r.Ran < 0 {
			err = fmt.Errorf("read result: ran %q: want a count", value)
		}
	default:
		return false, nil
	}
	return true, err
}
