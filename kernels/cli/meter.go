package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/assay-lab/assay/kernels"
)

// A meter shows how a download goes, on one line of a terminal. Anywhere else
// it shows nothing.
type meter struct {
	out   io.Writer // nil if not a terminal
	begun time.Time
	drawn bool
}

func newMeter(w io.Writer) *meter {
	m := &meter{begun: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		m.out = w
	}
	return m
}

// eraseLine is the terminal sequence that empties the line the cursor is on.
const eraseLine = "\r\x1b[K"

func (m *meter) show(p kernels.Progress) {
	if m.out == nil || p.Total == 0 {
		return
	}
	rate := float64(p.Done) / 1e6 / max(time.Since(m.begun).Seconds(), 0.1)
	fmt.Fprintf(m.out, "%s%s  %3d%%  %.1f of %.1f MB  %.1f MB/s", eraseLine,
		p.Kernel, p.Done*100/p.Total, float64(p.Done)/1e6, float64(p.Total)/1e6, rate)
	m.drawn = true
	if p.Done == p.Total {
		fmt.Fprint(m.out, "  unpacking")
	}
}

// clear takes the line away again.
func (m *meter) clear() {
	if m.drawn {
		fmt.Fprint(m.out, eraseLine)
		m.drawn = false
	}
}
