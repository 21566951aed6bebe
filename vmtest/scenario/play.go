package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/scenario/internal/place"
	"github.com/assay-lab/assay/vmtest/scenario/internal/verb"
)

// player plays one part of a scenario with testscript.
type player struct {
	*runner
	state *verb.State
	part  part
	file  string // the archive as testscript reads it

	next   int // line of the part to tell of next
	now    command
	log    string // testscript's own, when it has ended
	failed bool
}

// play runs a part in the places of w.
func (r *runner) play(w *place.World, script part) error {
	p := &player{
		runner: r, part: script, next: script.first, file: w.Script,
		state: verb.NewState(w, r.slowdown),
	}
	if err := os.WriteFile(p.file, p.instrumented(), 0o644); err != nil {
		return fmt.Errorf("write scenario: %w", err)
	}
	if script.uses("bpf") {
		if err := p.state.NoteBPF(); err != nil {
			return err
		}
	}
	testscript.RunT(p, testscript.Params{
		Files:         []string{p.file},
		WorkdirRoot:   w.Scratch,
		Setup:         p.setup,
		Cmds:          p.state.Commands(),
		Condition:     p.step,
		UpdateScripts: r.update,
	})
	p.state.Close()
	if err := p.takeBack(); err != nil {
		return err
	}
	p.tellLog()
	if p.failed {
		return errors.New(p.cause())
	}
	return p.keepUpdate()
}

// takeBack undoes what was done to the machine, if it lives on.
func (p *player) takeBack() error {
	if guest.Inside() {
		return nil
	}
	return p.state.Undo()
}

// uses tells whether a verb is among the commands.
func (s part) uses(name string) bool {
	return slices.ContainsFunc(s.commands, func(c command) bool { return slices.Contains(c.words, name) })
}

// instrumented returns the archive with the part as its script, at the lines where
// it stands in the file, and a condition before every command: testscript asks us
// about it, which tells us of the command before it runs.
func (p *player) instrumented() []byte {
	var b bytes.Buffer
	b.WriteString(strings.Repeat("\n", p.part.first-1))
	isCommand := map[int]bool{}
	for _, c := range p.part.commands {
		isCommand[c.line] = true
	}
	n := p.part.first - 1
	for line := range strings.Lines(p.part.text) {
		if n++; isCommand[n] {
			fmt.Fprintf(&b, "[line:%d] ", n)
		}
		b.WriteString(line)
	}
	a := &txtar.Archive{Comment: b.Bytes()}
	for _, f := range p.archive.Files {
		if _, ok := unsupportedPart(f.Name); !ok {
			a.Files = append(a.Files, f)
		}
	}
	return txtar.Format(a)
}

// setup names the places for programs.
func (p *player) setup(env *testscript.Env) error {
	if dir, err := p.state.World.CgroupDir(""); err == nil {
		env.Setenv("CGROUP", dir)
	}
	return nil
}

// step is called before each command. It tells of it, and of the comments before
// it, at once: should the kernel not survive it, this is what is known.
func (p *player) step(condition string) (bool, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(condition, "line:"))
	if err != nil {
		return false, err
	}
	var b strings.Builder
	i := p.part.first - 1
	for line := range strings.Lines(p.part.text) {
		if i++; i >= p.next && i < n && strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	p.next = n
	for _, c := range p.part.commands {
		if c.line == n {
			p.now = c
			if !verb.IsHeader(c.words[0]) {
				p.result.Ran++
			}
		}
	}
	fmt.Fprintf(&b, "%s:%d: %s\n", p.File, n, p.now.text)
	_, err = p.stdout.Write([]byte(b.String()))
	return true, err
}

// tellLog prints what the commands printed: those of the last step if it failed, of
// all with -v. Passed in silence, they are of no interest.
func (p *player) tellLog() {
	if !p.failed && !p.verbose {
		return
	}
	log := p.log
	if i := strings.LastIndex(log, "\n#"); i >= 0 && !p.verbose {
		log = log[i+1:]
	}
	fmt.Fprintf(p.stdout, "---\n%s", strings.TrimLeft(log, "\n"))
}

// cause says in a line what failed.
func (p *player) cause() string {
	where := fmt.Sprintf("%s:%d: ", p.File, p.now.line)
	if p.now.words == nil { // before the first command
		return p.File + ": " + lastLine(p.log)
	}
	if p.state.Cause != nil {
		verb, why, _ := strings.Cut(p.state.Cause.Error(), ": ")
		if verb != p.now.words[0] {
			why = p.state.Cause.Error()
		}
		return where + p.now.text + ": " + lastLine(why)
	}
	_, said, _ := strings.Cut(p.log, "FAIL: "+where)
	why, _, _ := strings.Cut(said, "\n")
	if last := programsLastWords(p.log); last != "" && p.now.words[0] == "exec" {
		why += ": " + last
	}
	return where + p.now.text + ": " + why
}

// programsLastWords returns, of a program that failed, the last line it printed to
// its standard error, or else how it ended.
func programsLastWords(log string) string {
	text, _, _ := strings.Cut(log[strings.LastIndex(log, "\n> ")+1:], "\nFAIL: ")
	ended := strings.Trim(lastLine(text), "[]") // "[exit status 1]"
	_, said, ok := strings.Cut(text, "\n[stderr]\n")
	if !ok {
		return ended
	}
	return lastLine(strings.TrimSuffix(said, lastLine(text)))
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// keepUpdate leaves the archive with the files that testscript has rewritten, and
// all else as it was.
func (p *player) keepUpdate() error {
	if !p.update {
		return nil
	}
	played, err := txtar.ParseFile(p.file)
	if err != nil {
		return err
	}
	fresh := map[string][]byte{}
	for _, f := range played.Files {
		fresh[f.Name] = f.Data
	}
	a := &txtar.Archive{Comment: p.archive.Comment}
	changed := false
	for _, f := range p.archive.Files {
		if data, ok := fresh[f.Name]; ok && !bytes.Equal(data, f.Data) {
			f.Data, changed = data, true
		}
		a.Files = append(a.Files, f)
	}
	if !changed {
		return nil
	}
	return os.WriteFile(Updated, txtar.Format(a), 0o644)
}
