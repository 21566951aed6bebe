package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// margins leaves room around the plane for titles, labels and the legend.
func (p *plot) margins() {
	widest := 0
	for _, t := range p.y.ticks {
		widest = max(widest, len(Format(t)))
	}
	p.left = 8 + charWidth*float64(widest)
	p.right = p.Width - 10
	p.top = 12
	if p.Title != "" {
		p.top = 30
	}
	if p.Y.Label != "" {
		p.top += textSize + 3
	}
	p.bottom = p.Height - 20 - p.legendHeight()
	if p.X.Label != "" {
		p.bottom -= textSize + 2
	}
}

// place finds where the points of X are.
func (p *plot) place() {
	n := p.points()
	p.xs = make([]float64, n)
	inset := min(14, (p.right-p.left)/10)
	left, right := p.left+inset, p.right-inset
	low, high := 0.0, float64(n-1)
	if p.X.Numbers != nil {
		low, high = math.Inf(1), math.Inf(-1)
		for _, v := range p.X.Numbers {
			low, high = min(low, v), max(high, v)
		}
	}
	for i := range p.xs {
		v := float64(i)
		if p.X.Numbers != nil {
			v = p.X.Numbers[i]
		}
		p.xs[i] = (left + right) / 2
		if high > low {
			p.xs[i] = left + (right-left)*(v-low)/(high-low)
		}
	}
}

func (p *plot) yAt(v float64) float64 { return p.bottom - p.y.at(v)*(p.bottom-p.top) }

// grid draws title, labels, and the lines that values are read by.
func (p *plot) grid() {
	if p.Title != "" {
		p.printf(`<text x="0" y="14" font-size="13" font-weight="600" fill="var(--chart-title,currentColor)">%s</text>`, html.EscapeString(p.fit(p.Title, p.Width, 13)))
	}
	if p.Y.Label != "" {
		p.text(0, p.top-7, "start", p.fit(p.Y.Label, p.Width, textSize))
	}
	for _, t := range p.y.ticks {
		y := p.yAt(t)
		p.printf(`<path d="M%s %sH%s" stroke="var(--chart-grid,#d8dee4)" stroke-width="1"/>`, num(p.left), num(y), num(p.right))
		p.text(p.left-5, y+4, "end", Format(t))
	}
	p.xLabels()
	if p.X.Label != "" {
		p.text((p.left+p.right)/2, p.bottom+17+textSize+2, "middle", p.X.Label)
	}
}

// fit shortens a text to what has room.
func (p *plot) fit(s string, room, size float64) string {
	r := []rune(s)
	most := int(room / (charWidth * size / textSize))
	if len(r) <= most || most < 2 {
		return s
	}
	tail := most / 3
	return string(r[:most-1-tail]) + "…" + string(r[len(r)-tail:])
}

// xLabels names the points, leaving out those that would run into the one before; the
// last is always named.
func (p *plot) xLabels() {
	half := func(i int) float64 { return charWidth * float64(len([]rune(p.point(i)))) / 2 }
	n := p.points()
	if n == 0 {
		return
	}
	p.text(min(p.xs[n-1], p.Width-half(n-1)), p.bottom+15, "middle", p.point(n-1))
	limit := p.xs[n-1] - half(n-1) - 6
	free := math.Inf(-1)
	for i := range n - 1 {
		if p.xs[i]-half(i) < free || p.xs[i]+half(i) > limit {
			continue
		}
		p.text(p.xs[i], p.bottom+15, "middle", p.point(i))
		free = p.xs[i] + half(i) + 6
	}
}

func stroke(i int) string {
	i %= len(colours)
	return fmt.Sprintf("var(--chart-%d,%s)", i+1, colours[i])
}

// line draws a line with a mark at each value, whose tooltip tells it.
func (p *plot) line(i int) {
	l := p.Lines[i]
	values := l.Values[:min(len(l.Values), p.points())]
	var path strings.Builder
	pen := false
	for j, v := range values {
		if !known(v) || p.y.log && v <= 0 {
			pen = false
			continue
		}
		move := 'M'
		if pen {
			move = 'L'
		}
		fmt.Fprintf(&path, "%c%s %s", move, num(p.xs[j]), num(p.yAt(v)))
		pen = true
	}
	dash := ""
	if d := dashes[i%len(dashes)]; d != "" {
		dash = ` stroke-dasharray="` + d + `"`
	}
	p.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"%s/>`, path.String(), stroke(i), dash)
	for j, v := range values {
		if known(v) {
			p.mark(i, p.xs[j], p.yAt(v), fmt.Sprintf("%s, %s: %s", l.Name, p.point(j), Format(v)))
		}
	}
}

// mark draws a point: a circle, a square, a triangle or a diamond.
func (p *plot) mark(i int, x, y float64, tip string) {
	var shape string
	switch i % 4 {
	case 0:
		shape = fmt.Sprintf(`<circle cx="%s" cy="%s" r="%s"`, num(x), num(y), num(marker))
	case 1:
		shape = fmt.Sprintf(`<rect x="%s" y="%s" width="%s" height="%[3]s"`, num(x-marker), num(y-marker), num(2*marker))
	case 2:
		shape = fmt.Sprintf(`<path d="M%s %sl%s %[4]sh-%[5]sz"`, num(x), num(y-marker-0.6), num(marker+0.6), num(2*marker+0.8), num(2*marker+1.2))
	default:
		shape = fmt.Sprintf(`<path d="M%s %sl%s %[3]sl-%[3]s %[3]sl-%[3]s -%[3]sz"`, num(x), num(y-marker-0.8), num(marker+0.8))
	}
	p.printf(`%s fill="%s"><title>%s</title></%s>`, shape, stroke(i), html.EscapeString(tip), shape[1:strings.IndexByte(shape, ' ')])
}

const legendRow = textSize + 5

// legendColumns shares the width among the names of the lines.
func (p *plot) legendColumns() int {
	widest := 0
	for _, l := range p.Lines {
		widest = max(widest, len([]rune(l.Name)))
	}
	return max(1, min(len(p.Lines), int(p.Width/(34+charWidth*float64(widest)))))
}

// legendHeight is what the legend takes; a single line has none, the title names it.
func (p *plot) legendHeight() float64 {
	if len(p.Lines) < 2 {
		return 0
	}
	columns := p.legendColumns()
	return float64((len(p.Lines)+columns-1)/columns)*legendRow + 6
}

func (p *plot) legend() {
	if len(p.Lines) < 2 {
		return
	}
	columns := p.legendColumns()
	wide := p.Width / float64(columns)
	for i, l := range p.Lines {
		x := float64(i%columns) * wide
		y := p.Height - p.legendHeight() + 10 + float64(i/columns)*legendRow
		dash := ""
		if d := dashes[i%len(dashes)]; d != "" {
			dash = ` stroke-dasharray="` + d + `"`
		}
		p.printf(`<path d="M%s %sh22" stroke="%s" stroke-width="1.8"%s/>`, num(x+2), num(y), stroke(i), dash)
		p.mark(i, x+13, y, l.Name)
		p.text(x+29, y+4, "start", p.fit(l.Name, wide-32, textSize))
	}
}
