package report

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assay-lab/assay/vmtest"
)

// screen is a terminal as far as Progress steers it: CR, LF, and erasing to the end of
// the line or of the screen. Lines longer than it is wide wrap.
type screen struct {
	mu    sync.Mutex
	width int
	lines [][]rune
	row   int
	col   int
	bad   []string
}

var steering = regexp.MustCompile("^\x1b\\[([KJ])")

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(p)
	for text != "" {
		if m := steering.FindStringSubmatch(text); m != nil {
			s.erase(m[1] == "J")
			text = text[len(m[0]):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		s.put(r)
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	switch {
	case r == '\r':
		s.col = 0
		return
	case r == '\n':
		s.row, s.col = s.row+1, 0
		return
	case r < 0x20:
		s.bad = append(s.bad, fmt.Sprintf("%q", r))
		return
	case s.col == s.width:
		s.row, s.col = s.row+1, 0
	}
	line := s.line()
	for len(*line) <= s.col {
		*line = append(*line, ' ')
	}
	(*line)[s.col] = r
	s.col++
}

func (s *screen) line() *[]rune {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	return &s.lines[s.row]
}

func (s *screen) erase(below bool) {
	line := s.line()
	*line = (*line)[:min(s.col, len(*line))]
	if below {
		s.lines = s.lines[:s.row+1]
	}
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(strings.TrimRight(string(l), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func planOf(cases, kernels string) (plan []Key) {
	for _, c := range strings.Fields(cases) {
		for _, k := range strings.Fields(kernels) {
			plan = append(plan, Key{"", c, k})
		}
	}
	return plan
}

func TestProgressOnTerminal(t *testing.T) {
	s, c := &screen{width: 72}, &clock{now: time.Unix(1e9, 0)}
	plan := planOf("a b c d e", "5.10 6.1 6.12 6.18")
	p := NewProgress(s, ProgressOptions{Plan: plan, Terminal: true, Now: c.Now, Width: func() int { return s.width }})
	check := func(when, want string) {
		t.Helper()
		if got := s.String(); got != want {
			t.Errorf("%s, the screen shows\n%s\nwant\n%s", when, got, want)
		}
	}
	check("at the start", "0/20  0s")
	p.Begin(plan[0])
	p.Begin(plan[1])
	c.pass(2 * time.Second)
	p.End(Cell{Case: "a", Kernel: "5.10", Verdict: vmtest.Pass})
	check("after a pass", "1/20  all as expected  2.0s  a on 6.1")
	p.End(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.Panic, Reason: "BUG: x"})
	p.Notice("fetching kernel 6.18")
	fell := "panic a on 6.1: BUG: x\nfetching kernel 6.18\n"
	check("after a panic", fell+"2/20  1 panic  2.0s")
	c.pass(2 * time.Minute)
	for _, k := range plan[2:6] {
		p.End(Cell{Case: k.Case, Kernel: k.Kernel, Verdict: vmtest.Pass})
	}
	check("later", fell+"6/20  1 panic  2m02s  about 5 min left")
	s.mu.Lock()
	s.width = 18
	s.mu.Unlock()
	p.Begin(plan[6])
	if lines := strings.Split(s.String(), "\n"); width(lines[len(lines)-1]) >= 18 {
		t.Errorf("on 18 columns the status is %q", lines[len(lines)-1])
	}
	p.Close()
	p.Close()
	check("at the end", strings.TrimRight(fell, "\n"))
	if len(s.bad) > 0 {
		t.Errorf("the terminal got %v", s.bad)
	}
}

func TestProgressInPipe(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, ProgressOptions{Plan: planOf("a b c", "6.1 6.12")})
	p.Begin(Key{"", "a", "6.1"})
	for _, c := range []Cell{
		{Case: "a", Kernel: "6.1", Verdict: vmtest.Pass},
		{Case: "b", Kernel: "6.1", Verdict: vmtest.Fail, Reason: "got 0,\nwant 1\x1b[2J"},
		{Case: "a", Kernel: "6.12", Verdict: vmtest.NotRun, Reason: "offline"},
		{Case: "b", Kernel: "6.12", Verdict: vmtest.NotRun, Reason: "offline"},
		{Case: "c", Kernel: "6.1", Verdict: vmtest.Unsupported, Reason: "lacks c"},
	} {
		p.End(c)
	}
	p.Close()
	want := "fail  b on 6.1: got 0, want 1\nnot run on 6.12: offline\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProgressAnyWidth(t *testing.T) {
	for w := range 120 {
		s := &screen{width: max(w, 1)}
		p := NewProgress(s, ProgressOptions{Plan: planOf("a b", "6.1 6.12"), Terminal: true, Width: func() int { return s.width }})
		p.Begin(Key{"", "a", "6.1"})
		p.End(Cell{Case: "a", Kernel: "6.1", Verdict: vmtest.Splat})
		if n := len(s.lines); w > 30 && n != 2 {
			t.Errorf("on %d columns there are %d lines, want 2:\n%s", w, n, s)
		}
		p.Close()
	}
}

func TestEstimate(t *testing.T) {
	plan := planOf("long short", "1 2 3 4 5 6 7 8 9 10")
	durations := map[Key]float64{}
	for _, k := range plan {
		if durations[k] = 1; k.Case == "long" {
			durations[k] = 59
		}
	}
	e := newEstimate(plan, durations)
	for _, k := range plan[10:] { // the short ones: 10 s of 600 s
		e.end(k)
	}
	if got := e.left(10 * time.Second); got != "" {
		t.Errorf("after a sixtieth: got %q, want no estimate yet", got)
	}
	for _, k := range plan[:5] {
		e.end(k)
	}
	if got, want := e.left(305*time.Second), "about 5 min left"; got != want {
		t.Errorf("half-way: got %q, want %q", got, want)
	}
}
