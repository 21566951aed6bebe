package vmtest

import (
	"fmt"
	"io"
	"strings"
)

// outputs keeps the ends of a command's outputs and passes them on.
type outputs struct {
	stdout, stderr         io.Writer
	keptStdout, keptStderr *tail
}

func newOutputs(t Task) *outputs {
	o := &outputs{keptStdout: &tail{max: keptOutput}, keptStderr: &tail{max: keptOutput}}
	o.stdout, o.stderr = io.Writer(o.keptStdout), io.Writer(o.keptStderr)
	if t.Stdout != nil {
		o.stdout = io.MultiWriter(o.keptStdout, t.Stdout)
	}
	if t.Stderr != nil {
		o.stderr = io.MultiWriter(o.keptStderr, t.Stderr)
	}
	return o
}

func (o *outputs) keep(r *Outcome) {
	r.Stdout, r.Stderr = o.keptStdout.marked(), o.keptStderr.marked()
}

// marked returns what is kept, and says how much is not.
func (t *tail) marked() string {
	s := t.String()
	if n := t.Dropped(); n > 0 {
		s = fmt.Sprintf("[%d bytes before this are not kept]\n%s", n, s)
	}
	return s
}

func isInitKilled(cause string) bool { return strings.HasPrefix(cause, "Attempted to kill init") }

func isDeadlockedOnMemory(cause string) bool {
	return strings.HasPrefix(cause, "System is deadlocked on memory") ||
		strings.HasPrefix(cause, "Out of memory")
}

// payloadOOM finds the kernel's word that the out-of-memory killer took a process
// of the payload. Those of a cgroup that a test has limited itself are its own
// affair. (mm/oom_kill.c; before 5.0 mm/memcontrol.c)
func payloadOOM(log string) string {
	for line := range strings.Lines(kernelText(log)) {
		line = strings.TrimSpace(line)
		global := strings.HasPrefix(line, "Out of memory: Kill")
		ours := strings.Contains(line, "oom_memcg=/payload,") ||
			strings.HasSuffix(line, " as a result of limit of /payload")
		if global || ours {
			return line
		}
	}
	return ""
}

// agentsLastWords finds what the agent could say only on the console.
func agentsLastWords(console string) string {
	for line := range strings.Lines(console) {
		if strings.HasPrefix(line, "agent: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// Lines of each part that a failure shows.
const shownLines = 40

// Explain writes what a person needs to see of an outcome that is not as expected,
// with the cause in the last line.
func (o *Outcome) Explain(w io.Writer) {
	o.Details(w)
	fmt.Fprintf(w, "%s: %s\n", o.Verdict, o.Reason)
}

// Details writes what led to the outcome: the outputs' ends, the stacks, the
// kernel's last words.
func (o *Outcome) Details(w io.Writer) {
	section(w, "stdout", o.Stdout)
	section(w, "stderr", o.Stderr)
	section(w, "tasks", o.Stacks)
	switch o.Verdict {
	case Panic, Lost, Hang, Infra:
		section(w, "console", o.Console)
	}
	if o.Verdict != Panic {
		section(w, "kernel log", o.KernelLog)
	}
}

func section(w io.Writer, name, text string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	fmt.Fprintf(w, "-- %s --\n", name)
	if over := len(lines) - shownLines; over > 0 {
		fmt.Fprintf(w, "[%d lines before this]\n", over)
		lines = lines[over:]
	}
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}
