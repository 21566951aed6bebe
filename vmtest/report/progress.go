package report

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/assay-lab/assay/vmtest"
)

// ProgressOptions say what is to be run, and how its progress is shown.
type ProgressOptions struct {
	// Plan are the cells to be run.
	Plan []Key
	// Durations are what cells took earlier, in seconds (see
	// Report.Durations), for a better estimate of what is left.
	Durations map[Key]float64
	// Terminal keeps a status line at the bottom. Without it only what falls
	// is written, a line each.
	Terminal bool
	// Width returns the terminal's width at the moment; nil is 80 columns.
	Width func() int
	// Colour colours verdicts with ANSI sequences.
	Colour bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// TerminalWidth tells whether f is a terminal, and returns a function that asks for
// its width each time, as it may be resized.
func TerminalWidth(f *os.File) (width func() int, ok bool) {
	fd := int(f.Fd())
	return func() int {
		w, _, err := term.GetSize(fd)
		if err != nil {
			return 0
		}
		return w
	}, term.IsTerminal(fd)
}

// Progress shows a run while it goes on. Its methods are safe for concurrent use.
type Progress struct {
	mu       sync.Mutex
	w        io.Writer
	o        ProgressOptions
	start    time.Time
	running  []Key // in the order they began
	done     int
	counts   map[vmtest.Verdict]int
	estimate estimate
	absent   map[string]bool // kernels that were said not to run, with why
	drawn    int             // columns of the status line on the screen
	stop     chan struct{}
	ticking  sync.WaitGroup
}

// NewProgress begins to show progress on w. Close ends it.
func NewProgress(w io.Writer, o ProgressOptions) *Progress {
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Progress{
		w: w, o: o, start: o.Now(), counts: map[vmtest.Verdict]int{}, absent: map[string]bool{},
		estimate: newEstimate(o.Plan, o.Durations), stop: make(chan struct{}),
	}
	if o.Terminal {
		p.redraw()
		p.ticking.Go(p.tick)
	}
	return p
}

// tick redraws each second, as time passes even if nothing happens.
func (p *Progress) tick() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.redraw()
		}
	}
}

func (p *Progress) redraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write("")
}

// Begin tells that a cell begins to run. Not to tell is no error: what runs is then
// not shown.
func (p *Progress) Begin(k Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, k)
	p.write("")
}

// End tells of a cell that has come to its end. One that fell is written for good.
func (p *Progress) End(c Cell) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.running, c.Key()); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.done++
	p.counts[c.Verdict]++
	p.estimate.end(c.Key())
	p.write(p.permanent(c))
}

// permanent is what stays of a cell on the screen; "" for what went as expected.
func (p *Progress) permanent(c Cell) string {
	paint := pen{colour: p.o.Colour}
	switch {
	case c.Verdict.Class() != vmtest.AsExpected:
		return fmt.Sprintf("%s %s: %s\n", paint.paint(c.Verdict.Colour(), pad(word(c.Verdict), 5)),
			oneLine(c.Key().String()), oneLine(c.Reason))
	case c.Verdict == vmtest.NotRun && c.Load == "" && !p.absent[c.Kernel+"\n"+c.Reason]:
		p.absent[c.Kernel+"\n"+c.Reason] = true
		return fmt.Sprintf("%s %s: %s\n", paint.paint(c.Verdict.Colour(), "not run on"), oneLine(c.Kernel), oneLine(c.Reason))
	}
	return ""
}

// Notice writes a line for good, such as that a kernel is being fetched.
func (p *Progress) Notice(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write(strings.TrimRight(line, "\n") + "\n")
}

// Close takes the status line away and shows nothing more.
func (p *Progress) Close() {
	p.mu.Lock()
	select {
	case <-p.stop:
	default:
		close(p.stop)
		p.erase()
	}
	p.o.Terminal = false
	p.mu.Unlock()
	p.ticking.Wait()
}

// write writes text for good, and the status line below it. That the terminal is
// gone is no reason to end a run, so errors are not looked at.
func (p *Progress) write(text string) {
	if !p.o.Terminal {
		_, _ = io.WriteString(p.w, text)
		return
	}
	columns := p.columns()
	status := p.status(columns)
	out := "\r" + text + status + "\x1b[K"
	if text != "" || p.drawn > columns {
		// Erase down to the end: a terminal that became narrower has
		// folded what was drawn. Never go up: what is there is for good.
		out = "\r\x1b[J" + text + status
	}
	p.drawn = width(status)
	_, _ = io.WriteString(p.w, out)
}

func (p *Progress) erase() {
	if p.o.Terminal {
		_, _ = io.WriteString(p.w, "\r\x1b[J")
	}
}

func (p *Progress) columns() int {
	if p.o.Width != nil {
		if w := p.o.Width(); w > 0 {
			return w
		}
	}
	return defaultWidth
}

// status is the status line, shorter than the terminal is wide, lest it wrap:
// how many are done, what fell, the time, and what runs as far as there is room.
func (p *Progress) status(columns int) string {
	elapsed := p.o.Now().Sub(p.start)
	s := fmt.Sprintf("%d/%d", p.done, len(p.o.Plan))
	for _, part := range []string{p.fallen(), duration(elapsed.Truncate(time.Second).Seconds()), p.estimate.left(elapsed), p.runs()} {
		if part == "" {
			continue
		}
		if room := columns - 1 - width(s) - 2; width(part) > room {
			part = shorten(part, room)
			if room < 12 {
				break
			}
		}
		s += "  " + part
	}
	return shorten(s, columns-1)
}

// fallen counts what fell, or says that all is as expected so far.
func (p *Progress) fallen() string {
	var s []string
	for _, v := range vmtest.Verdicts() {
		if n := p.counts[v]; n > 0 && (v.Class() != vmtest.AsExpected || v == vmtest.NotRun) {
			s = append(s, fmt.Sprintf("%d %s", n, v))
		}
	}
	if len(s) == 0 && p.done > 0 {
		return "all as expected"
	}
	return strings.Join(s, ", ")
}

// runs names what runs now, the longest-running first.
func (p *Progress) runs() string {
	var s []string
	for _, k := range p.running {
		s = append(s, oneLine(k.Case+" on "+k.Kernel))
	}
	return strings.Join(s, ", ")
}
