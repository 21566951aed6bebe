package chart

import (
	"fmt"
	"html"
	"strings"
)

// Spark draws one line without axes, of the height of a line of text, with a mark at
// its end; what it shows is said by its label. Values that are not known are NaN.
func Spark(label string, values []float64) string {
	const width, height, pad = 96.0, 22.0, 4.0
	p := &plot{Chart: &Chart{X: Axis{Values: make([]string, len(values))}, Lines: []Line{{Values: values}}}}
	low, high, any := p.bounds()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %s %s" role="img" aria-label="%s">`, num(width), num(height), html.EscapeString(label))
	if any {
		if low == high {
			low, high = low-1, high+1
		}
		at := func(i int) (x, y float64) {
			x = width / 2
			if len(values) > 1 {
				x = pad + (width-2*pad)*float64(i)/float64(len(values)-1)
			}
			return x, height - pad - (height-2*pad)*(values[i]-low)/(high-low)
		}
		var path strings.Builder
		last, move := -1, 'M'
		for i, v := range values {
			if !known(v) {
				move = 'M'
				continue
			}
			x, y := at(i)
			fmt.Fprintf(&path, "%c%s %s", move, num(x), num(y))
			last, move = i, 'L'
		}
		x, y := at(last)
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.6" stroke-linejoin="round"/><circle cx="%s" cy="%s" r="2.4" fill="%[2]s"/>`,
			path.String(), stroke(0), num(x), num(y))
	}
	b.WriteString("</svg>")
	return b.String()
}
