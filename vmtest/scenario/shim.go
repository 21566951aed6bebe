package scenario

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// What testscript takes for a *testing.T: player is one, without a test.
var _ testscript.T = (*player)(nil)

// stopped is what ends the script from within.
type stopped struct{}

// Run runs f, until its end or FailNow, on the same goroutine: a scenario belongs
// to a thread.
func (p *player) Run(_ string, f func(testscript.T)) {
	defer func() {
		if r := recover(); r != nil && r != (stopped{}) {
			panic(r)
		}
	}()
	f(p)
}

// FailNow ends the script as failed.
func (p *player) FailNow() {
	p.failed = true
	panic(stopped{})
}

// Fatal is Log and FailNow.
func (p *player) Fatal(args ...any) {
	p.Log(args...)
	p.FailNow()
}

// Skip fails: a scenario does not skip itself.
func (p *player) Skip(args ...any) { p.Fatal(append([]any{"skipped: "}, args...)...) }

// Log takes testscript's log, which tells where its directory is and names its copy
// of the file and the conditions that are ours.
func (p *player) Log(args ...any) {
	text := fmt.Sprint(args...)
	text = strings.ReplaceAll(text, p.file, p.File)
	if strings.HasPrefix(text, "WORK=") {
		_, text, _ = strings.Cut(text, "\n")
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "> [line:"); ok {
			_, command, _ := strings.Cut(rest, "] ")
			line = "> " + command
		}
		b.WriteString(line)
	}
	p.log += b.String()
}

// Parallel does nothing: there is one scenario.
func (p *player) Parallel() {}

// Verbose tells testscript to keep what passed.
func (p *player) Verbose() bool { return p.verbose }
