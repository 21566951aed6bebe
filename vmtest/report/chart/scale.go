package chart

import (
	"fmt"
	"math"
	"strings"
)

// A scale maps values to 0 at the foot and 1 at the top.
type scale struct {
	low, high float64
	log       bool
	ticks     []float64
}

const wantTicks = 4

// newScale makes a scale whose ends are round. A linear one has zero in it, lest small
// differences look large.
func newScale(low, high float64, log bool) scale {
	if log {
		return logScale(low, high)
	}
	low, high = min(low, 0), max(high, 0)
	if low == high {
		high = 1
	}
	step := niceStep((high - low) / wantTicks)
	s := scale{low: math.Floor(low/step) * step, high: math.Ceil(high/step) * step}
	for i := 0; ; i++ {
		t := s.low + float64(i)*step
		if t > s.high+step/2 {
			return s
		}
		s.ticks = append(s.ticks, t)
	}
}

// niceStep returns the least of 1, 2, 5 times a power of ten that is no less than step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= step*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logScale has whole powers of ten for ends if there are several between, else 1, 2, 5
// times one.
func logScale(low, high float64) scale {
	s := scale{log: true}
	var steps []float64
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, m := range []float64{1, 2, 5} {
			steps = append(steps, m*math.Pow(10, e))
		}
	}
	first, last := 0, len(steps)-1
	for steps[first+1] <= low {
		first++
	}
	for last > first+1 && steps[last-1] >= high {
		last--
	}
	s.low, s.high = steps[first], steps[last]
	every := 1
	if last-first > wantTicks+2 {
		every = 3 // powers of ten only
	}
	for i := first; i <= last; i++ {
		if every == 1 || i%3 == 0 {
			s.ticks = append(s.ticks, steps[i])
		}
	}
	return s
}

// at returns where a value is, from 0 to 1.
func (s *scale) at(v float64) float64 {
	if s.log {
		return (math.Log(v) - math.Log(s.low)) / (math.Log(s.high) - math.Log(s.low))
	}
	return (v - s.low) / (s.high - s.low)
}

// Format prints a number in at most about five characters: 950, 1.25k, 18.3k, 1.2M.
func Format(v float64) string {
	a := math.Abs(v)
	for _, unit := range []struct {
		from float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if a >= unit.from*0.9995 {
			return digits(v/unit.from) + unit.name
		}
	}
	return digits(v)
}

// digits prints three significant digits.
func digits(v float64) string {
	a := math.Abs(v)
	places := 2
	switch {
	case a >= 99.95:
		places = 0
	case a >= 9.995:
		places = 1
	case a < 0.995 && a > 0:
		places = min(9, 2-int(math.Floor(math.Log10(a))))
	}
	s := fmt.Sprintf("%.*f", places, v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
