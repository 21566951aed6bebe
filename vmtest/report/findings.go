package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// A finding is something to be said in words: cells, or kernels, with one reason.
type finding struct {
	verdict vmtest.Verdict
	title   string // of the case; empty for a reason shared by several
	reason  string
	kernels []string
	count   map[string]int // cells of each kernel
	cells   []*Cell
}

func (f *finding) add(c *Cell) {
	if !slices.Contains(f.kernels, c.Kernel) {
		f.kernels = append(f.kernels, c.Kernel)
	}
	if f.count == nil {
		f.count = map[string]int{}
	}
	f.count[c.Kernel]++
	f.cells = append(f.cells, c)
}

// on says where: the kernels, and how many cases each, or which case if it is one.
func (f *finding) on() string {
	one := title(f.cells[0].Target, f.cells[0].Case)
	var many, all []string
	for _, c := range f.cells {
		if title(c.Target, c.Case) != one {
			one = ""
		}
	}
	for _, k := range f.kernels {
		all = append(all, oneLine(k))
		many = append(many, fmt.Sprintf("%s (%s)", oneLine(k), plural(f.count[k], "case")))
	}
	if one != "" {
		return oneLine(f.cells[0].Case) + " on " + strings.Join(all, ", ")
	}
	return strings.Join(many, ", ")
}

// findings are a report in words.
type findings struct {
	fell        []*finding // by case and reason
	lab         []*finding // by case and reason: what the lab could not run
	unsupported []*finding // by reason
	notRun      []*finding // by reason: cells of kernels that others were run on
	absent      []Kernel   // kernels on which nothing was run
	excused     []*finding // by the kernel's message
}

// find gathers what is to be said of a report.
func (v *view) find() *findings {
	f := &findings{}
	gone := map[string]bool{}
	for _, k := range v.kernels {
		if k.Status != StatusRun {
			f.absent = append(f.absent, k)
			gone[k.Name] = true
		}
	}
	for i := range v.cells {
		c := &v.cells[i]
		reason := oneLine(c.Reason)
		for _, e := range c.Excused {
			gather(&f.excused, "", "", oneLine(e)).add(c)
		}
		switch {
		case c.Verdict == vmtest.Unsupported:
			gather(&f.unsupported, c.Verdict, "", reason).add(c)
		case c.Verdict == vmtest.NotRun && !gone[c.Kernel]:
			gather(&f.notRun, c.Verdict, "", reason).add(c)
		case c.Verdict.Class() == vmtest.Fell:
			gather(&f.fell, c.Verdict, v.title(c.Target, c.Case), reason).add(c)
		case c.Verdict.Class() == vmtest.NoLab:
			gather(&f.lab, c.Verdict, v.title(c.Target, c.Case), reason).add(c)
		}
	}
	return f
}

// gather returns the finding of that description, adding it if need be.
func gather(all *[]*finding, verdict vmtest.Verdict, title, reason string) *finding {
	i := slices.IndexFunc(*all, func(f *finding) bool {
		return f.verdict == verdict && f.title == title && f.reason == reason
	})
	if i < 0 {
		i = len(*all)
		*all = append(*all, &finding{verdict: verdict, title: title, reason: reason})
	}
	return (*all)[i]
}

// oneLine makes one line of a text, without what would steer a terminal.
func oneLine(s string) string {
	s = stripANSI(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < 0x20 || 0x7f <= r && r < 0xa0:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// A count is how many cells have a verdict.
type count struct {
	verdict vmtest.Verdict
	n       int
}

// counts returns the verdicts that there are, in the order of a legend, those
// that this version does not know last.
func (v *view) counts() (all []count) {
	n := map[vmtest.Verdict]int{}
	order := vmtest.Verdicts()
	for i := range v.cells {
		k := v.cells[i].Verdict
		if n[k]++; !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	for _, k := range order {
		if n[k] > 0 {
			all = append(all, count{k, n[k]})
		}
	}
	return all
}

// class is what Class returns.
func (v *view) class() vmtest.Class {
	ran, lab := false, false
	for _, c := range v.counts() {
		if c.verdict.Class() == vmtest.Fell {
			return vmtest.Fell
		}
		lab = lab || c.verdict.Class() == vmtest.NoLab
		ran = ran || c.verdict != vmtest.NotRun
	}
	if lab || !ran || len(v.missing()) > 0 {
		return vmtest.NoLab
	}
	return vmtest.AsExpected
}

// A sum is the counts in words, and by what they mean.
type sum struct {
	fell, lab, other      []string
	fallen, troubled, ran int
}

func (v *view) sum() (s sum) {
	for _, c := range v.counts() {
		words := fmt.Sprintf("%d %s", c.n, oneLine(string(c.verdict)))
		switch c.verdict.Class() {
		case vmtest.Fell:
			s.fell, s.fallen = append(s.fell, words), s.fallen+c.n
		case vmtest.NoLab:
			s.lab, s.troubled = append(s.lab, words), s.troubled+c.n
		default:
			s.other = append(s.other, words)
		}
		if c.verdict != vmtest.NotRun {
			s.ran += c.n
		}
	}
	return s
}

// summary is the report in one line.
func (v *view) summary() string {
	s := v.sum()
	return v.lead(s) + v.suffix(strings.Join(slices.Concat(s.fell, s.lab, s.other), ", "))
}

// headline is the summary without its numbers in detail.
func (v *view) headline() string { return v.lead(v.sum()) }

// lead is the most important thing to say.
func (v *view) lead(s sum) string {
	total := plural(len(v.cells), "cell") + " on " + v.kernelCount()
	missing := v.missing()
	switch {
	case s.fallen > 0:
		return fmt.Sprintf("%d of %s fell", s.fallen, total)
	case s.troubled > 0:
		return fmt.Sprintf("the lab could not run %d of %s", s.troubled, total)
	case len(missing) > 0:
		return fmt.Sprintf("required but not run: %s; %s", oneLine(strings.Join(missing, ", ")), total)
	case s.ran == 0:
		return "nothing was run, which proves nothing: " + total
	}
	return total + ", all as expected"
}

func (v *view) suffix(words string) string {
	s := ""
	if words != "" {
		s = ": " + words
	}
	if v.head.Seconds > 0 {
		s += ", in " + duration(v.head.Seconds)
	}
	if v.head.Shard != "" {
		s += " (shard " + v.head.Shard + ")"
	}
	return s
}

// missing names the required kernels that something was not run on.
func (v *view) missing() (names []string) {
	for _, k := range v.kernels {
		gap := k.Status != StatusRun || slices.ContainsFunc(v.cells, func(c Cell) bool {
			return c.Kernel == k.Name && c.Verdict == vmtest.NotRun
		})
		if k.Required && gap {
			names = append(names, k.Name)
		}
	}
	return names
}

func (v *view) kernelCount() string {
	ran := 0
	for _, k := range v.kernels {
		if k.Status == StatusRun {
			ran++
		}
	}
	if ran < len(v.kernels) {
		return fmt.Sprintf("%d of %s", ran, plural(len(v.kernels), "kernel"))
	}
	return plural(ran, "kernel")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// duration prints seconds as a person would: 350ms, 4.2s, 3m08s, 2h05m.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
