package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/assay-lab/assay/vmtest"
)

// The types of an in-toto Statement, version 1, with the predicate "test result",
// version 0.1 (github.com/in-toto/attestation, spec/v1/statement.md and
// spec/predicates/test-result.md).
const (
	statementType     = "https://in-toto.io/Statement/v1"
	testResultType    = "https://in-toto.io/attestation/test-result/v0.1"
	moduleURI         = "pkg:golang/github.com/assay-lab/assay"
	kernelImageDigest = "assayKernelImage" // Kernel.Digest: a kernel with its modules
)

type statement struct {
	Type          string       `json:"_type"`
	Subject       []descriptor `json:"subject"`
	PredicateType string       `json:"predicateType"`
	Predicate     testResult   `json:"predicate"`
}

type testResult struct {
	Result        string       `json:"result"` // PASSED, WARNED or FAILED
	Configuration []descriptor `json:"configuration"`
	URL           string       `json:"url,omitempty"`
	PassedTests   []string     `json:"passedTests"`
	WarnedTests   []string     `json:"warnedTests"`
	FailedTests   []string     `json:"failedTests"`
}

// A descriptor is in-toto's ResourceDescriptor, as far as it is used here.
type descriptor struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ErrNoSubject is an attestation of a report that has no digest of anything.
var ErrNoSubject = errors.New("nothing to attest: the report has no digest of an object or a kernel\nwrite the report with a version of assay that records them")

// WriteAttestation writes an in-toto Statement with the predicate test-result. Its
// subjects are the files under test, and the kernels that something was run on, by
// SHA-256. The names of tests are "TARGET/CASE on KERNEL". Warned are tests that are
// unsupported, verified, and passes with kernel messages that the catalogue allows;
// what was not run is in no list, and keeps the result from being PASSED. The result
// is FAILED if the report's ExitStatus is not 0. url, if not empty, is where the run
// can be seen. The statement is not signed: that is for cosign, or whatever holds the
// keys.
func (r *Report) WriteAttestation(w io.Writer, url string) error {
	v := r.view()
	s := statement{
		Type: statementType, PredicateType: testResultType, Subject: v.subjects(),
		Predicate: testResult{
			Configuration: v.configuration(), URL: url,
			PassedTests: []string{}, WarnedTests: []string{}, FailedTests: []string{},
		},
	}
	if len(s.Subject) == 0 {
		return ErrNoSubject
	}
	v.results(&s.Predicate)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(s)
}

// subjects are the files under test, then the kernels.
func (v *view) subjects() (all []descriptor) {
	files := map[Subject]bool{}
	for _, c := range v.cells {
		if c.Subject != nil && c.Subject.SHA256 != "" {
			files[*c.Subject] = true
		}
	}
	for _, f := range slices.SortedFunc(maps.Keys(files), func(a, b Subject) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.SHA256, b.SHA256))
	}) {
		all = append(all, descriptor{Name: f.Name, Digest: map[string]string{"sha256": f.SHA256}})
	}
	for _, k := range v.kernels {
		if d := kernelDigests(k); k.Status == StatusRun && d != nil {
			all = append(all, descriptor{Name: kernelSubject(k), Digest: d})
		}
	}
	return all
}

func kernelSubject(k Kernel) string { return "linux " + cmp.Or(k.Release, k.Name) }

// kernelDigests gives a kernel's own digest, which anybody can check with sha256sum,
// and, by a name of our own, that of the kernel with its modules.
func kernelDigests(k Kernel) map[string]string {
	d := map[string]string{}
	if k.SHA256 != "" {
		d["sha256"] = k.SHA256
	}
	if k.Digest != "" {
		d[kernelImageDigest] = k.Digest
	}
	if len(d) == 0 {
		return nil
	}
	return d
}

// configuration is what was used: this tool, and the kernels with where they are from.
func (v *view) configuration() []descriptor {
	tool := descriptor{Name: v.head.Tool.Name, URI: moduleURI, Annotations: annotations(
		"qemu", v.head.Host.QEMU, "accel", v.head.Host.Accel, "schema", v.head.Schema)}
	if v.head.Tool.Version != "" {
		tool.URI += "@" + v.head.Tool.Version
	}
	all := []descriptor{tool}
	for _, k := range v.kernels {
		if d := kernelDigests(k); d != nil {
			all = append(all, descriptor{Name: kernelSubject(k), Digest: d, Annotations: annotations(
				"name", k.Name, "series", k.Series, "version", k.Version, "source", k.Source,
				"accel", k.Accel, "status", string(k.Status))})
		}
	}
	return all
}

// annotations makes a map of names and values, without those that are empty.
func annotations(pairs ...string) map[string]string {
	m := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			m[pair[0]] = pair[1]
		}
	}
	return m
}

// results fills in the result and the lists.
func (v *view) results(p *testResult) {
	notRun := slices.ContainsFunc(v.kernels, func(k Kernel) bool { return k.Status != StatusRun })
	for i := range v.cells {
		c := &v.cells[i]
		name := c.Key().String()
		switch {
		case bad(c.Verdict):
			p.FailedTests = append(p.FailedTests, name)
		case c.Verdict == vmtest.NotRun:
			notRun = true
		case c.Verdict == vmtest.Unsupported || len(c.Excused) > 0:
			p.WarnedTests = append(p.WarnedTests, name)
		default:
			p.PassedTests = append(p.PassedTests, name)
		}
	}
	switch {
	case v.class() != vmtest.AsExpected:
		p.Result = "FAILED"
	case notRun || len(p.WarnedTests) > 0:
		p.Result = "WARNED"
	default:
		p.Result = "PASSED"
	}
}
