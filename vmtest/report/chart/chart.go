// Package chart draws line charts as SVG that stands in a page by itself: no script,
// no request, colours of the page (CSS custom properties with defaults), a text for
// those who do not see it, and lines that differ by more than colour.
package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A Chart is one or more lines over a common axis. The zero value of a size is its
// default.
type Chart struct {
	// ID tells the chart from the others of a page: it begins the ids within.
	ID string
	// Title is the heading, and the chart's name for screen readers.
	Title string
	X     Axis
	Y     Axis
	Lines []Line
	// Width and Height are the size of the drawing, in units of which a text
	// is 11 high; the page scales it. 0 is 360 by 200.
	Width, Height float64
}

// An Axis is one of the two.
type Axis struct {
	// Label says what it measures, with the unit.
	Label string
	// Values name the points along X, at equal distances. Ignored for Y.
	Values []string
	// Numbers, if not nil, place the points along X by their value instead.
	Numbers []float64
	// Log makes the scale of Y logarithmic, if all values are above zero.
	Log bool
}

// A Line is a series of values, one for each point of X; NaN is not known and leaves a
// gap.
type Line struct {
	Name   string
	Values []float64
}

// colours are those of the lines: custom properties of the page, whose defaults suit a
// white one. A page for dark eyes sets --chart-1 to --chart-6 (lines), --chart-text
// --chart-title and --chart-grid.
var colours = []string{"#0b6bcb", "#c2410c", "#15803d", "#7c3aed", "#b91c6b", "#0f766e"}

var dashes = []string{"", "6 3", "2 3", "8 3 2 3", "12 4", "4 2 1 2"}

const (
	defaultWidth  = 360
	defaultHeight = 200
	textSize      = 11
	charWidth     = 6.2 // of an average character of that size
	marker        = 2.6 // half the size of a point's mark
)

// plot is a chart while it is drawn.
type plot struct {
	*Chart
	b                        strings.Builder
	left, right, top, bottom float64 // of the plane
	y                        scale
	xs                       []float64 // positions of the points
}

// SVG draws the chart. A chart without a known value is a text that says so.
func (c *Chart) SVG() string {
	p := &plot{Chart: c}
	if c.Width == 0 {
		p.Chart = c.sized()
	}
	low, high, any := p.bounds()
	p.open(any)
	if !any {
		p.text(p.Width/2, p.Height/2, "middle", "no figures")
		return p.close()
	}
	p.y = newScale(low, high, p.Y.Log && low > 0)
	p.margins()
	p.place()
	p.grid()
	for i := range p.Lines {
		p.line(i)
	}
	p.legend()
	return p.close()
}

func (c *Chart) sized() *Chart {
	sized := *c
	sized.Width, sized.Height = defaultWidth, defaultHeight
	return &sized
}

// bounds returns the least and the greatest value.
func (p *plot) bounds() (low, high float64, any bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range p.Lines {
		for _, v := range l.Values[:min(len(l.Values), p.points())] {
			if known(v) {
				low, high, any = min(low, v), max(high, v), true
			}
		}
	}
	return low, high, any
}

func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// points returns how many points X has.
func (p *plot) points() int {
	if p.X.Numbers != nil {
		return len(p.X.Numbers)
	}
	return len(p.X.Values)
}

func (p *plot) printf(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// open begins the drawing: its size, its name, and what it shows in words.
func (p *plot) open(any bool) {
	id := html.EscapeString(p.ID)
	p.printf(`<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img" aria-labelledby="%s-t %[3]s-d" font-size="%d" font-family="system-ui, sans-serif">`,
		num(p.Width), num(p.Height), id, textSize)
	p.printf(`<title id="%s-t">%s</title><desc id="%[1]s-d">%[3]s</desc>`, id, html.EscapeString(p.Title), html.EscapeString(p.describe(any)))
}

func (p *plot) close() string {
	p.b.WriteString("</svg>")
	return p.b.String()
}

// describe says in words what the lines do.
func (p *plot) describe(any bool) string {
	if !any {
		return "No figures are known."
	}
	var s []string
	for _, l := range p.Lines {
		first, last := -1, -1
		for i, v := range l.Values[:min(len(l.Values), p.points())] {
			if known(v) && first < 0 {
				first = i
			}
			if known(v) {
				last = i
			}
		}
		if first >= 0 {
			s = append(s, fmt.Sprintf("%s: %s at %s, %s at %s.", l.Name,
				Format(l.Values[first]), p.point(first), Format(l.Values[last]), p.point(last)))
		}
	}
	return strings.TrimSpace(p.Y.Label + " by " + p.X.Label + ". " + strings.Join(s, " "))
}

// point names a point of X.
func (p *plot) point(i int) string {
	if i < len(p.X.Values) {
		return p.X.Values[i]
	}
	return Format(p.X.Numbers[i])
}

// text writes at a place, anchored at its "start", "middle" or "end".
func (p *plot) text(x, y float64, anchor, s string) {
	p.printf(`<text x="%s" y="%s" text-anchor="%s" fill="var(--chart-text,#57606a)">%s</text>`,
		num(x), num(y), anchor, html.EscapeString(s))
}

// num prints a coordinate as short as it may be.
func num(v float64) string {
	s := fmt.Sprintf("%.1f", v)
	return strings.TrimSuffix(s, ".0")
}
