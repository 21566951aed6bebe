package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// The elements of JUnit's XML, as far as Jenkins (junit-10.xsd), Maven Surefire
// and GitLab agree on them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		Class     string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"`
		Failure   *junitResult `xml:"failure"`
		Error     *junitResult `xml:"error"`
		Skipped   *junitResult `xml:"skipped"`
		SystemOut *junitText   `xml:"system-out"`
		SystemErr *junitText   `xml:"system-err"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Body    string `xml:",cdata"` // not escaped: people read it
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// WriteJUnit writes the report as JUnit XML (without control characters, which XML 1.0,
// section 2.2, does not have, escaped or not): a test suite for each target on each
// kernel. What fell is a failure, the lab's own trouble an error; unsupported and
// not run are skipped, except that not running a required kernel is an error.
func (r *Report) WriteJUnit(w io.Writer) error {
	v := r.view()
	all := junitSuites{Name: stripControls(v.head.Tool.Name), Time: junitTime(v.head.Seconds)}
	for _, t := range v.targets {
		for i, k := range v.kernels {
			if s := junitSuiteOf(v, t, i, k); s.Tests > 0 {
				all.Suites = append(all.Suites, s)
			}
		}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitSuiteOf(v *view, t target, column int, k Kernel) junitSuite {
	s := junitSuite{
		Name:      stripControls(strings.TrimSpace(t.name + " on " + k.Name)),
		Timestamp: v.head.Started.UTC().Format(time.RFC3339),
		Properties: []junitProperty{
			{"kernel", stripControls(k.Name)}, {"release", stripControls(k.Release)}, {"accel", stripControls(k.Accel)},
		},
	}
	seconds := 0.0
	for _, row := range t.rows {
		c := row.cells[column]
		if c == nil {
			continue
		}
		tc := junitCaseOf(c, k)
		s.Tests++
		s.Failures += rank(tc.Failure != nil)
		s.Errors += rank(tc.Error != nil)
		s.Skipped += rank(tc.Skipped != nil)
		seconds += c.Seconds
		s.Cases = append(s.Cases, tc)
	}
	s.Time = junitTime(seconds)
	return s
}

func junitCaseOf(c *Cell, k Kernel) junitCase {
	tc := junitCase{
		Name: stripControls(c.Case), Class: stripControls(strings.Trim(c.Target+"."+strings.ReplaceAll(k.Name, ".", "_"), ".")),
		Time: junitTime(c.Seconds), SystemOut: junitTextOf(c.Stdout), SystemErr: junitTextOf(c.Stderr),
	}
	result := &junitResult{Message: stripControls(oneLine(c.Reason)), Type: stripControls(string(c.Verdict))}
	switch {
	case c.Verdict == vmtest.Pass:
	case c.Verdict.Class() == vmtest.Fell:
		tc.Failure, result.Body = result, junitBody(c)
	case c.Verdict.Class() == vmtest.NoLab, c.Verdict == vmtest.NotRun && k.Required:
		tc.Error, result.Body = result, junitBody(c)
	default:
		// Surefire's schema has no type here.
		result.Message, result.Type = stripControls(strings.TrimSuffix(result.Type+": "+result.Message, ": ")), ""
		tc.Skipped = result
	}
	return tc
}

func junitTextOf(s string) *junitText {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	return &junitText{stripControls(s)}
}

// junitBody is the long form of what went wrong, the cause in the last line.
func junitBody(c *Cell) string {
	var b strings.Builder
	for _, part := range c.texts() {
		if part.name != "stdout" && part.name != "stderr" { // elements of their own
			fmt.Fprintf(&b, "-- %s --\n%s\n", part.name, strings.TrimRight(part.text, "\n"))
		}
	}
	fmt.Fprintf(&b, "%s: %s", c.Verdict, c.Reason)
	return stripControls(b.String())
}

// A text is a named part of what a cell left behind.
type text struct{ name, text string }

// texts returns the parts that there are, in the order to read them.
func (c *Cell) texts() (all []text) {
	for _, t := range []text{
		{"stdout", c.Stdout}, {"stderr", c.Stderr}, {"tasks", c.Stacks},
		{"kernel log", c.KernelLog}, {"console", c.Console},
	} {
		if strings.TrimSpace(t.text) != "" {
			all = append(all, t)
		}
	}
	return all
}

func junitTime(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }
