package report

import (
	"cmp"
	"slices"
	"strings"
)

// A view is a report at one moment, in the order in which it is shown: kernels
// from the oldest, targets and cases by name.
type view struct {
	head    *Report // without kernels and cells
	kernels []Kernel
	cells   []Cell
	targets []target
}

type target struct {
	name string
	rows []row
}

// A row is a case on all kernels.
type row struct {
	target, name string
	cells        []*Cell // in the order of the kernels; nil where there is none
}

// view returns the report as it is now.
func (r *Report) view() *view {
	r.mu.Lock()
	v := &view{
		head: &Report{
			Schema: r.Schema, Tool: r.Tool, Started: r.Started, Seconds: r.Seconds, Host: r.Host, Shard: r.Shard,
		},
		kernels: append([]Kernel{}, r.Kernels...),
		cells:   append([]Cell{}, r.Cells...),
	}
	r.mu.Unlock()
	slices.SortStableFunc(v.kernels, compareKernels)
	column := map[string]int{}
	for i, k := range v.kernels {
		column[k.Name] = i
	}
	slices.SortStableFunc(v.cells, func(a, b Cell) int {
		return cmp.Or(naturalCompare(a.Target, b.Target), naturalCompare(a.Case, b.Case), column[a.Kernel]-column[b.Kernel])
	})
	v.arrange(column)
	return v
}

// arrange puts the sorted cells into rows.
func (v *view) arrange(column map[string]int) {
	for i := range v.cells {
		c := &v.cells[i]
		if n := len(v.targets); n == 0 || v.targets[n-1].name != c.Target {
			v.targets = append(v.targets, target{name: c.Target})
		}
		t := &v.targets[len(v.targets)-1]
		if n := len(t.rows); n == 0 || t.rows[n-1].name != c.Case {
			t.rows = append(t.rows, row{c.Target, c.Case, make([]*Cell, len(v.kernels))})
		}
		t.rows[len(t.rows)-1].cells[column[c.Kernel]] = c
	}
}

// rows returns the rows of all targets.
func (v *view) rows() (all []row) {
	for _, t := range v.targets {
		all = append(all, t.rows...)
	}
	return all
}

// title names a case: with its target where there are several.
func (v *view) title(target, name string) string {
	if len(v.targets) > 1 {
		return oneLine(title(target, name))
	}
	return oneLine(name)
}

// compareKernels orders by release, then by name. A kernel whose release is not
// known has one for a name, or goes last.
func compareKernels(a, b Kernel) int {
	return cmp.Or(
		naturalCompare(cmp.Or(a.Release, a.Series, a.Name), cmp.Or(b.Release, b.Series, b.Name)),
		naturalCompare(a.Name, b.Name),
	)
}

// naturalCompare compares as people do: numbers by their value, 6.1 before 6.12;
// and, as in the versions of packages, 7.3~rc1 before 7.3. What starts with no
// digit comes after what does.
func naturalCompare(a, b string) int {
	if startsWithDigit(a) != startsWithDigit(b) && a != "" && b != "" {
		return cmp.Compare(rank(startsWithDigit(b)), rank(startsWithDigit(a)))
	}
	for a != "" && b != "" {
		if startsWithDigit(a) && startsWithDigit(b) {
			x, y := digits(a), digits(b)
			if c := compareNumbers(x, y); c != 0 {
				return c
			}
			a, b = a[len(x):], b[len(y):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(weight(a), weight(b))
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(weight(a), weight(b))
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

func digits(s string) string {
	return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// weight orders the first byte of what is left: a tilde before the end before all.
func weight(s string) int {
	switch {
	case s == "":
		return 0
	case s[0] == '~':
		return -1
	}
	return int(s[0]) + 1
}

func compareNumbers(x, y string) int {
	p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
	return cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q), cmp.Compare(len(x), len(y)))
}
