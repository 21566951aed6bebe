package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var nan = math.NaN()

func kernels(names string) Axis { return Axis{Label: "kernel", Values: strings.Fields(names)} }

// well fails unless the drawing is XML, and returns it.
func well(t *testing.T, svg string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return svg
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func TestSVG(t *testing.T) {
	c := &Chart{
		ID: "c1", Title: "instructions processed", X: kernels("4.19 5.10 6.1 6.12"), Y: Axis{Label: "count"},
		Lines: []Line{{"xdp", []float64{900, nan, 500, 400}}, {"tc", []float64{100, 200, 300, 1200}}},
	}
	svg := well(t, c.SVG())
	for _, want := range []string{
		`role="img" aria-labelledby="c1-t c1-d"`,
		`<title id="c1-t">instructions processed</title>`,
		`count by kernel. xdp: 900 at 4.19, 400 at 6.12. tc: 100 at 4.19, 1.2k at 6.12.</desc>`,
		`<title>xdp, 6.1: 500</title>`,
		`var(--chart-2,`,
		`stroke-dasharray=`,
		`>4.19</text>`, `>6.12</text>`, `>0</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("there is no %q in %s", want, svg)
		}
	}
	if strings.Contains(svg, "NaN") {
		t.Errorf("there is a NaN in %s", svg)
	}
	gap := regexp.MustCompile(`<path d="M[^"]*M[^"]*L[^"]*" fill="none"`)
	if !gap.MatchString(svg) {
		t.Errorf("the line has no gap where a value is not known: %s", svg)
	}
}

var coordinates = regexp.MustCompile(` (x|y|cx|cy)="([-0-9.]+)"`)

// TestEverythingIsInside draws many charts; no mark or text may be outside.
func TestEverythingIsInside(t *testing.T) {
	for n := 1; n <= 14; n++ {
		for _, values := range [][]float64{{0}, {1e9, 1}, {-5, 5}, {3, 3, 3}, {0.001, 0.5}, {nan, 7}} {
			for _, log := range []bool{false, true} {
				c := &Chart{Title: strings.Repeat("long title ", n), X: Axis{Label: "x"}, Y: Axis{Log: log}, Width: 300, Height: 180}
				var all []float64
				for i := range n {
					c.X.Values = append(c.X.Values, strings.Repeat("6.12-", i%3)+"rt")
					all = append(all, values[i%len(values)])
				}
				for range min(n, 6) {
					c.Lines = append(c.Lines, Line{"program_with_a_name", all})
				}
				checkInside(t, well(t, c.SVG()), c.Width, c.Height)
			}
		}
	}
}

func checkInside(t *testing.T, svg string, width, height float64) {
	t.Helper()
	for _, m := range coordinates.FindAllStringSubmatch(svg, -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		limit := width
		if strings.HasSuffix(m[1], "y") {
			limit = height
		}
		if err != nil || v < -4 || v > limit {
			t.Fatalf("%s=%s is outside of %gx%g in %s", m[1], m[2], width, height, svg)
		}
	}
}

func TestNumbersAreInProportion(t *testing.T) {
	c := &Chart{X: Axis{Numbers: []float64{0, 10, 100}}, Lines: []Line{{"rate", []float64{1, 2, 3}}}}
	m := regexp.MustCompile(`cx="([0-9.]+)"`).FindAllStringSubmatch(well(t, c.SVG()), -1)
	if len(m) != 3 {
		t.Fatalf("there are %d marks, want 3", len(m))
	}
	var x []float64
	for _, s := range m {
		v, _ := strconv.ParseFloat(s[1], 64)
		x = append(x, v)
	}
	if got := (x[1] - x[0]) / (x[2] - x[0]); math.Abs(got-0.1) > 0.01 {
		t.Errorf("10 of 100 is at %.2f of the way, want 0.10", got)
	}
}

func TestNoFigures(t *testing.T) {
	for _, c := range []*Chart{{}, {X: kernels("a b")}, {X: kernels("a"), Lines: []Line{{"x", []float64{nan}}}}, {Lines: []Line{{"x", []float64{1}}}}} {
		if svg := well(t, c.SVG()); !strings.Contains(svg, "no figures") {
			t.Errorf("%+v: got %s, want it to say that there are no figures", c, svg)
		}
	}
}

func TestHostileNames(t *testing.T) {
	const evil = `"><script>alert(1)</script>&`
	c := &Chart{ID: evil, Title: evil, X: Axis{Label: evil, Values: []string{evil, evil}}, Y: Axis{Label: evil},
		Lines: []Line{{evil, []float64{1, 2}}, {evil, []float64{2, 1}}}}
	if svg := well(t, c.SVG()); strings.Contains(svg, "<script") {
		t.Errorf("a name is taken for an element: %s", svg)
	}
	if svg := well(t, Spark(evil, []float64{1, 2})); strings.Contains(svg, "<script") {
		t.Errorf("a label is taken for an element: %s", svg)
	}
}

func TestScale(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		log       bool
		want      []float64
	}{
		{0, 100, false, []float64{0, 50, 100}},
		{2994, 2997, false, []float64{0, 1000, 2000, 3000}},
		{-5, 5, false, []float64{-5, 0, 5}},
		{0, 0, false, []float64{0, 0.5, 1}},
		{7, 7, false, []float64{0, 2, 4, 6, 8}},
		{17000, 200000, true, []float64{10000, 20000, 50000, 100000, 200000}},
		{3, 1e6, true, []float64{10, 100, 1000, 10000, 100000, 1e6}},
		{100, 100, true, []float64{100, 200}},
	} {
		s := newScale(tt.low, tt.high, tt.log)
		if diff := cmp.Diff(tt.want, s.ticks); diff != "" {
			t.Errorf("from %g to %g, log %v: ticks differ (-want +got):\n%s", tt.low, tt.high, tt.log, diff)
		}
		for _, v := range []float64{tt.low, tt.high} {
			if at := s.at(v); at < -1e-9 || at > 1+1e-9 {
				t.Errorf("from %g to %g, log %v: %g is at %g, outside", tt.low, tt.high, tt.log, v, at)
			}
		}
	}
}

func TestFormat(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 5: "5", 950: "950", 1000: "1k", 1250: "1.25k", 18349: "18.3k", 999999: "1M", 1.2e6: "1.2M", 3e9: "3G",
		0.5: "0.5", 0.001234: "0.00123", -1500: "-1.5k", 12.34: "12.3", 2e13: "20T",
	} {
		if got := Format(v); got != want {
			t.Errorf("Format(%g) = %q, want %q", v, got, want)
		}
	}
}

func TestSpark(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		paths  int // pieces of the line
	}{
		{nil, 0}, {[]float64{nan}, 0}, {[]float64{4}, 1}, {[]float64{1, 2, 3}, 1}, {[]float64{1, nan, 3}, 2}, {[]float64{5, 5}, 1},
	} {
		svg := well(t, Spark("label", tt.values))
		checkInside(t, svg, 96, 22)
		if got := strings.Count(svg, "M"); got != tt.paths {
			t.Errorf("%v: the line has %d pieces, want %d: %s", tt.values, got, tt.paths, svg)
		}
	}
}
