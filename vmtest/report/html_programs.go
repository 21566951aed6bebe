package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/assay-lab/assay/vmtest/report/chart"
)

// figureNames are the verifier's figures in the order in which they are shown.
var figureNames = []struct {
	name, unit string
	chart      string // what its axis is called; empty for no chart
	of         func(*Figures) *int64
}{
	{"instructions", "", "", func(f *Figures) *int64 { return f.Instructions }},
	{"processed", "", "instructions processed", func(f *Figures) *int64 { return f.Processed }},
	{"peak states", "", "", func(f *Figures) *int64 { return f.PeakStates }},
	{"total states", "", "states", func(f *Figures) *int64 { return f.TotalStates }},
	{"stack depth", "bytes", "", func(f *Figures) *int64 { return f.StackDepth }},
	{"verification", "µs", "verification, µs", func(f *Figures) *int64 { return f.VerificationUS }},
	{"machine code", "bytes", "machine code, bytes", func(f *Figures) *int64 { return f.JitedBytes }},
}

type (
	pageProgram struct {
		ID, Name, From, Search string
		Figures                []pageFact // of the newest kernel that has them
		Stops                  []string
		Spark                  template.HTML
		Charts                 []template.HTML
		FigureNames            []string
		FigureRows             []pageFigures
	}
	pageFigures struct {
		Kernel string
		Values []string
	}
)

// programs makes the part about what verifiers counted.
func (p *page) programs(v *view) {
	support := map[[2]string]Support{}
	for _, s := range v.support() {
		support[[2]string{s.Target, s.Case}] = s
	}
	objects := map[string]bool{}
	for k := range support {
		objects[k[0]] = true
	}
	for _, t := range v.targets {
		for _, r := range t.rows {
			if s, ok := support[[2]string{r.target, r.name}]; ok {
				one := programOf(v, r, s, len(p.Programs))
				if len(objects) > 1 {
					one.Name = title(r.target, r.name)
				}
				p.Programs = append(p.Programs, one)
			}
		}
		if c, ok := overview(v, t, len(p.Overviews)); ok {
			p.Overviews = append(p.Overviews, template.HTML(c.SVG())) // which escapes
		}
	}
}

func programOf(v *view, r row, s Support, index int) pageProgram {
	p := pageProgram{
		ID: fmt.Sprintf("program-%d", index+1), Name: r.name, From: "by none",
		Search: searchText(r.target, r.name),
	}
	if s.Oldest != "" {
		p.From = "from " + s.Oldest
	}
	for _, stop := range s.Stops {
		p.Stops = append(p.Stops, "not "+stop.Kernel+": "+stop.Reason)
	}
	p.FigureNames, p.FigureRows = figureTable(v, r)
	p.Figures = newestFigures(r)
	values := ran(v, figuresOf(r, func(f *Figures) *int64 { return f.Processed }))
	p.Spark = template.HTML(chart.Spark("instructions processed: "+sequence(v, values), values)) // which escapes
	p.Charts = programCharts(v, r, p.ID)
	return p
}

// figuresOf returns a figure for each kernel, NaN where it is not known.
func figuresOf(r row, of func(*Figures) *int64) (values []float64) {
	for _, c := range r.cells {
		x := math.NaN()
		if c != nil && c.Figures != nil {
			if n := of(c.Figures); n != nil {
				x = float64(*n)
			}
		}
		values = append(values, x)
	}
	return values
}

// sequence says values in words.
func sequence(v *view, values []float64) string {
	var s []string
	for i, k := range ran(v, v.kernels) {
		if x := values[i]; !math.IsNaN(x) {
			s = append(s, chart.Format(x)+" on "+k.Name)
		}
	}
	if len(s) == 0 {
		return "not known"
	}
	return strings.Join(s, ", ")
}

func newestFigures(r row) []pageFact {
	var newest *Figures
	for _, c := range r.cells {
		if c != nil && c.Figures != nil {
			newest = c.Figures
		}
	}
	if newest == nil {
		newest = &Figures{}
	}
	return []pageFact{
		{"processed", figure(newest.Processed)}, {"states", figure(newest.TotalStates)},
		{"stack", figure(newest.StackDepth)}, {"machine code", figure(newest.JitedBytes)},
	}
}

func figure(n *int64) string {
	if n == nil {
		return "–"
	}
	return thousands(*n)
}

// figureTable lists all figures of a program, a row for each kernel that has any.
func figureTable(v *view, r row) (names []string, rows []pageFigures) {
	for _, f := range figureNames {
		names = append(names, strings.TrimSuffix(f.name+", "+f.unit, ", "))
	}
	for i, c := range r.cells {
		if c == nil || c.Figures == nil {
			continue
		}
		line := pageFigures{Kernel: v.kernels[i].Name}
		for _, f := range figureNames {
			line.Values = append(line.Values, figure(f.of(c.Figures)))
		}
		rows = append(rows, line)
	}
	return names, rows
}

// ran leaves out the values of kernels that were not run.
func ran[T any](v *view, values []T) (left []T) {
	for i, x := range values {
		if v.kernels[i].Status == StatusRun {
			left = append(left, x)
		}
	}
	return left
}

func kernelAxis(v *view, label string) chart.Axis {
	a := chart.Axis{Label: label}
	for _, k := range ran(v, v.kernels) {
		a.Values = append(a.Values, kernelLabel(k.Name))
	}
	return a
}

// programCharts draws each figure that any kernel tells.
func programCharts(v *view, r row, id string) (all []template.HTML) {
	for _, f := range figureNames {
		values := ran(v, figuresOf(r, f.of))
		if f.chart == "" || !slices.ContainsFunc(values, func(x float64) bool { return !math.IsNaN(x) }) {
			continue
		}
		c := chart.Chart{
			ID: fmt.Sprintf("%s-c%d", id, len(all)), Title: f.chart, X: kernelAxis(v, ""),
			Lines: []chart.Line{{Name: r.name, Values: values}}, Width: 300, Height: 150,
		}
		all = append(all, template.HTML(c.SVG())) // which escapes
	}
	return all
}

// mostLines is how many lines a chart has before they are a tangle.
const mostLines = 6

// overview draws the programs of a target that cost the verifier most.
func overview(v *view, t target, index int) (*chart.Chart, bool) {
	var lines []chart.Line
	peak := func(l chart.Line) (most float64) {
		for _, x := range l.Values {
			if x > most { // not so for NaN
				most = x
			}
		}
		return most
	}
	for _, r := range t.rows {
		l := chart.Line{Name: r.name, Values: ran(v, figuresOf(r, func(f *Figures) *int64 { return f.Processed }))}
		if peak(l) > 0 {
			lines = append(lines, l)
		}
	}
	if len(lines) < 2 || len(v.kernels) < 2 {
		return nil, false
	}
	slices.SortStableFunc(lines, func(a, b chart.Line) int { return cmp.Compare(peak(b), peak(a)) })
	title := "Instructions processed, " + t.name
	if len(lines) > mostLines {
		title = fmt.Sprintf("Instructions processed, the %d largest programs of %s", mostLines, t.name)
		lines = lines[:mostLines]
	}
	return &chart.Chart{
		ID: fmt.Sprintf("overview-%d", index+1), Title: title, X: kernelAxis(v, "kernel"),
		Y: chart.Axis{Label: "logarithmic", Log: true}, Lines: lines, Width: 720, Height: 280,
	}, true
}
