// Package cause says to a person why a kernel does not take a program: what it
// lacks and since which version kernels have it, what of the kernel's types is not
// as expected, or what the verifier complains of and in which line of the source.
//
// It says only what is known. What is not goes as the kernel put it.
package cause

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// A Class is what a program's end means.
type Class int

// Classes.
const (
	Accepted Class = iota
	Rejected
	NotAttempted
	Broken // the loader itself went wrong
)

// A Cause is why a program came to its end.
type Cause struct {
	Class Class
	// Text says it in a line; empty for what was accepted.
	Text string
	// At is where in the source, "file.c:12: x = *p", if it is known.
	At string
}

// String returns the text and the place.
func (c Cause) String() string {
	if c.At == "" {
		return c.Text
	}
	return c.Text + "; at " + c.At
}

// A teller knows what a result is about.
type teller struct {
	object *parse.Object
	result *load.Result
	kernel version
}

// Of returns the cause of a result of a program of the object, on a kernel of that
// release.
func Of(o *parse.Object, r *load.Result, release string) Cause {
	if r.Accepted {
		return Cause{Class: Accepted}
	}
	t := &teller{object: o, result: r, kernel: versionOf(release)}
	var causes []Cause
	for i := range r.Faults {
		causes = append(causes, t.fault(&r.Faults[i]))
	}
	if len(causes) == 0 {
		return Cause{Class: Broken, Text: "it was not accepted, and nobody says why"}
	}
	c := join(causes)
	c.Text += t.alsoAbsent(c.Text)
	return c
}

// alsoAbsent tells of the helpers that are missing besides what was named.
func (t *teller) alsoAbsent(text string) string {
	var more []string
	for _, name := range t.result.Absent {
		if strings.Contains(text, name) {
			continue
		}
		if since := known.HelperSince(name); since != "" {
			name += " (since " + since + ")"
		}
		more = append(more, name)
	}
	if len(more) == 0 {
		return ""
	}
	return "; nor does this kernel have " + strings.Join(more, ", ")
}

// join makes one cause of several: the worst class, and what belongs to it.
func join(causes []Cause) Cause {
	rank := func(c Class) int { return slices.Index([]Class{NotAttempted, Rejected, Broken}, c) }
	worst := slices.MaxFunc(causes, func(a, b Cause) int { return rank(a.Class) - rank(b.Class) })
	var texts []string
	for _, c := range causes {
		if c.Class == worst.Class && !slices.Contains(texts, c.Text) {
			texts = append(texts, c.Text)
		}
	}
	worst.Text = strings.Join(texts, "; ")
	return worst
}

// fault tells of one.
func (t *teller) fault(f *load.Fault) Cause {
	if f.Kind == load.KindBroken {
		return Cause{Class: Broken, Text: "the loader went wrong, which is a bug of its own: " + oneLine(f.Message)}
	}
	switch f.Stage {
	case load.StageMap:
		return t.mapFault(f)
	case load.StageCORE:
		return t.coreFault(f)
	case load.StageExtern:
		return t.externFault(f)
	case load.StageTarget:
		return t.targetFault(f)
	case load.StageBTF:
		return rejected("its types (BTF) are refused: %s", lastWords(t.result.Log, f.Message))
	case load.StageLoad:
		return t.loadFault(f)
	}
	return t.objectFault(f)
}

func rejected(format string, args ...any) Cause {
	return Cause{Class: Rejected, Text: fmt.Sprintf(format, args...)}
}

func notAttempted(format string, args ...any) Cause {
	return Cause{Class: NotAttempted, Text: fmt.Sprintf(format, args...)}
}

func (t *teller) objectFault(f *load.Fault) Cause {
	if f.Kind == load.KindUnset {
		return notAttempted("section %q names no program type; say it with --type %s=xdp or what it is", f.Subject, f.Subject)
	}
	return notAttempted("the loader does not understand it: %s", oneLine(f.Message))
}

// A version of the kernel.
type version struct{ major, minor int }

// versionOf reads the first two numbers of a release; zero if there are none.
func versionOf(release string) (v version) {
	major, rest, _ := strings.Cut(release, ".")
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(rest)
	}
	v.major, _ = strconv.Atoi(major)
	v.minor, _ = strconv.Atoi(rest[:digits])
	return v
}

func (v version) before(w version) bool {
	return v.major < w.major || v.major == w.major && v.minor < w.minor
}

// since says since when something is in kernels: after what it is, and what it means
// that this one has it not. since is "" if that is not known.
func (t *teller) since(what, since string) string {
	switch {
	case since == "":
		return what + ", which this kernel does not have"
	case t.kernel == version{} || t.kernel.before(versionOf(since)):
		return what + ", which kernels have since " + since
	}
	return what + ", which kernels have since " + since + " but this one was built without"
}

// oneLine folds a text into one line that is not endless.
func oneLine(s string) string {
	const most = 240
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

// flag tells of one that is refused: because it came later, or is for others.
func (t *teller) flag(name, since, of string) string {
	if since != "" && !t.kernel.before(versionOf(since)) {
		return fmt.Sprintf("flag %s is not for %s on this kernel", name, of)
	}
	return t.since("flag "+name, since)
}

// lastWords are the last line of a log that tells anything, or else another text.
func lastWords(log, other string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" && !load.IsFigures(line) {
			return oneLine(line)
		}
	}
	return oneLine(other)
}
