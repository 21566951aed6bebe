package report

import (
	"fmt"
	"math"
	"time"
)

// An estimate of what is left of a run assumes that what is left goes on at the
// pace of what is done, each cell weighing what it took in an earlier run.
type estimate struct {
	weights   map[Key]float64
	ended     int
	done, all float64
}

func newEstimate(plan []Key, durations map[Key]float64) estimate {
	e := estimate{weights: weigh(plan, durations)}
	for _, w := range e.weights {
		e.all += w
	}
	return e
}

// weigh returns the seconds that each key took earlier; one that is not known weighs
// as much as the mean of those that are, or 1.
func weigh(keys []Key, durations map[Key]float64) map[Key]float64 {
	known, sum := 0, 0.0
	for _, k := range keys {
		if d, ok := durations[k]; ok {
			known, sum = known+1, sum+d
		}
	}
	mean := 1.0
	if sum > 0 {
		mean = sum / float64(known)
	}
	weights := make(map[Key]float64, len(keys))
	for _, k := range keys {
		weights[k] = mean
		if d, ok := durations[k]; ok {
			weights[k] = d
		}
	}
	return weights
}

func (e *estimate) end(k Key) {
	e.ended++
	e.done += e.weights[k]
}

// The first cells wait for kernels to be fetched and booted: before so many, or so
// long, there is no pace to tell.
const (
	minEnded   = 5
	minElapsed = 5 * time.Second
	minShare   = 0.05
)

// left says in words what is left, no more exactly than it is known; "" if it is not
// known.
func (e *estimate) left(elapsed time.Duration) string {
	if e.ended < minEnded || elapsed < minElapsed || e.done < minShare*e.all || e.done >= e.all {
		return ""
	}
	seconds := elapsed.Seconds() * (e.all - e.done) / e.done
	switch {
	case seconds < 60:
		return "under 1 min left"
	case seconds < 100*60:
		return fmt.Sprintf("about %d min left", int(math.Round(seconds/60)))
	}
	return fmt.Sprintf("about %d h left", int(math.Round(seconds/3600)))
}
