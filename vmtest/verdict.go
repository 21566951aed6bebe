package vmtest

// A Verdict is what came of running something on a kernel. The vocabulary is the
// same everywhere: in tests, reports, JSON and bundles.
type Verdict string

// Verdicts.
const (
	// Pass: it ran, did what it should, and the kernel had nothing to complain of.
	Pass Verdict = "pass"
	// Unsupported: the kernel lacks what it needs, and was seen to refuse as documented.
	Unsupported Verdict = "unsupported"
	// Fail: it ran and did not do what it should.
	Fail Verdict = "fail"
	// Panic: the kernel panicked.
	Panic Verdict = "panic"
	// Splat: the kernel logged a warning, a bug, an oops, or a report of lockdep
	// or a sanitizer, whatever the test itself said.
	Splat Verdict = "splat"
	// Hang: it did not end within its limit.
	Hang Verdict = "hang"
	// OOM: the out-of-memory killer took part of it.
	OOM Verdict = "oom"
	// Lost: the machine or its agent was gone before there was a result.
	Lost Verdict = "lost"
	// Infra: the lab's own trouble; it says nothing about kernel or test.
	Infra Verdict = "infra"
	// NotRun: it was not run, and the reason says why.
	NotRun Verdict = "not-run"
)

// A Class groups verdicts by what a caller does about them.
type Class int

// Classes, and the exit status of a run whose worst verdict is of that class.
const (
	AsExpected Class = 0 // pass, unsupported, and not-run unless the kernel was required
	Fell       Class = 1 // the kernel or the test is at fault
	NoLab      Class = 3 // the lab could not run
)

type verdictInfo struct {
	verdict Verdict
	class   Class
	colour  string // ANSI attributes
	means   string
}

// verdicts lists all in the order of a legend.
var verdicts = []verdictInfo{
	{Pass, AsExpected, "32", "ran, and did what it should"},
	{Unsupported, AsExpected, "36", "the kernel lacks it, and refused as documented"},
	{Fail, Fell, "31", "ran, and did not do what it should"},
	{Panic, Fell, "97;41", "the kernel panicked"},
	{Splat, Fell, "35", "the kernel logged a warning, a bug, an oops or a sanitizer's report"},
	{Hang, Fell, "33", "did not end within its limit"},
	{OOM, Fell, "33", "the out-of-memory killer took part of it"},
	{Lost, Fell, "35", "the machine was gone before there was a result"},
	{Infra, NoLab, "97;44", "the lab's own trouble"},
	{NotRun, AsExpected, "90", "not run, for the reason given"},
}

// Verdicts returns all verdicts in the order of a legend.
func Verdicts() (all []Verdict) {
	for _, v := range verdicts {
		all = append(all, v.verdict)
	}
	return all
}

// info describes a verdict; an unknown one, of a newer report, is the lab's trouble.
func (v Verdict) info() verdictInfo {
	for _, known := range verdicts {
		if known.verdict == v {
			return known
		}
	}
	return verdictInfo{v, NoLab, "97;44", "unknown to this version"}
}

// Class returns what a caller does about it.
func (v Verdict) Class() Class { return v.info().class }

// Means says in a few words what the verdict stands for.
func (v Verdict) Means() string { return v.info().means }

// Colour returns the verdict's ANSI attributes, such as "31" for red.
func (v Verdict) Colour() string { return v.info().colour }
