package cause

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
)

// loadFault tells why the kernel refused the program itself.
func (t *teller) loadFault(f *load.Fault) Cause {
	if len(f.Lacks) > 0 {
		return t.lack(f, f.Lacks[0])
	}
	words := complaint(t.result.Log)
	if words == "" {
		return rejected("the kernel refuses it with %s, and says nothing more", f.Errno)
	}
	at, known := failedAt(t.result.Log, words)
	c := rejected("%s", t.explain(words, at, known))
	if known {
		c.At = t.source(at)
	}
	return c
}

// lack tells of what the kernel does not have.
func (t *teller) lack(f *load.Fault, l load.Lack) Cause {
	switch l.What {
	case load.LackProgType:
		return rejected("%s", t.since("program type "+l.Name, known.ProgramTypeSince(l.Name)))
	case load.LackAttachType:
		return rejected("%s", t.since("attach type "+l.Name, known.AttachTypeSince(l.Name)))
	case load.LackProgFlag:
		return rejected("program %s", t.flag(l.Name, known.FlagSince(l.Name), "programs of its type"))
	case load.LackSize:
		return rejected("it is too large: %d instructions, and this kernel takes at most 4096; kernels take a million since 5.2", t.result.Instructions)
	case load.LackHelper:
		c := rejected("%s", t.helper(l))
		if at, ok := failedAt(t.result.Log, complaint(t.result.Log)); ok {
			c.At = t.source(at)
		}
		return c
	}
	return rejected("the kernel refuses it with %s", f.Errno)
}

// helper tells of a helper that the kernel does not have, or not for such programs.
func (t *teller) helper(l load.Lack) string {
	since := known.HelperSince(l.Name)
	if !l.Known && (since == "" || t.kernel.before(versionOf(since))) {
		return t.since("helper "+l.Name, since)
	}
	program := t.object.Spec.Programs[t.result.Program]
	return fmt.Sprintf("helper %s is not for programs of type %s on this kernel", l.Name, known.ProgramType(program.Type))
}

// Lines of the log (kernel/bpf/verifier.c, log.c).
var (
	// An instruction: "12: (85) call bpf_map_lookup_elem#1".
	instructionLine = regexp.MustCompile(`^(\d+): \([0-9a-f]{2}\) `)
	// States, and how the verifier came there: "R0=inv(id=0) R10=fp0",
	// "from 4 to 6: R0=…", "12: R1=ctx() R10=fp0", "func#0 @0".
	stateLine = regexp.MustCompile(`^(?:\d+: )?(?:frame\d+: )?R\d+(?:_[a-z]+)*=|^from \d+ to \d+|^func#\d+ @|^\d+:$|^(?:last_idx|regs=|parent |mark_precise:|propagating)|^(?:caller|callee|returning from callee|to caller at|live regs)|^(?:cur|old) state:|^frame\d+:`)
)

// complaint is what the verifier says at the end of its log.
func complaint(log string) string {
	var words []string
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || load.IsFigures(line) || strings.HasPrefix(line, ";"):
		case instructionLine.MatchString(line) || stateLine.MatchString(line):
			words = nil
		default:
			words = append(words, line)
		}
	}
	const most = 3 // what comes before is the way there
	if len(words) > most {
		words = words[len(words)-most:]
	}
	return strings.Join(words, "; ")
}

// instructionNamed finds the number of an instruction in a complaint of what is seen
// before any is followed: "unreachable insn 5", "back-edge from insn 7 to 3",
// "jump out of range from insn 4 to 99", "last insn is not an exit or jmp".
var instructionNamed = regexp.MustCompile(`\binsn (\d+)\b`)

// failedAt is the instruction that the complaint is about.
func failedAt(log, words string) (at int, ok bool) {
	if m := instructionNamed.FindStringSubmatch(words); m != nil && !strings.HasPrefix(words, "BPF program is too large") {
		return atoi(m[1]), true
	}
	for line := range strings.Lines(log) {
		if m := instructionLine.FindStringSubmatch(line); m != nil {
			at, ok = atoi(m[1]), true
		}
	}
	return at, ok
}

func atoi(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}

var (
	tooLarge     = regexp.MustCompile(`BPF program is too large\. Processed (\d+) insn`)
	tooManyJumps = regexp.MustCompile(`The sequence of (\d+) jumps is too complex`)
	contextField = regexp.MustCompile(`invalid bpf_context access off=(\d+) size=(\d+)`)
	stackOffset  = regexp.MustCompile(`invalid (?:write to |indirect access to |variable-offset )?stack (?:R\d+ )?off=-(\d+)`)
	combined     = regexp.MustCompile(`combined stack size of (\d+) calls is (\d+)`)
)

// explain puts a complaint in words a person can act on, if it knows better than the
// verifier; at is the instruction it is about.
func (t *teller) explain(words string, at int, known bool) string {
	if m := tooLarge.FindStringSubmatch(words); m != nil {
		return t.tooComplex(m[1])
	}
	if m := tooManyJumps.FindStringSubmatch(words); m != nil {
		return fmt.Sprintf("it is too complex: the verifier keeps at most %s branches to look at later", m[1])
	}
	if strings.Contains(words, "back-edge from insn") && t.kernel.before(version{5, 3}) {
		return t.since("it has a loop", "5.3")
	}
	if m := combined.FindStringSubmatch(words); m != nil {
		return fmt.Sprintf("it takes %s bytes of stack in %s functions together, and 512 is the most", m[2], m[1])
	}
	if m := stackOffset.FindStringSubmatch(words); m != nil && atoi(m[1]) > 512 {
		return fmt.Sprintf("it takes %s bytes of stack in one function, and 512 is the most", m[1])
	}
	if strings.Contains(words, "number of funcs in func_info doesn't match") && t.kernel.before(version{5, 13}) && t.takesAddresses() {
		return t.since("it takes the addresses of functions, for callbacks", "5.13")
	}
	if !known {
		if s := t.newForms(words); s != "" {
			return s
		}
		return "verifier: " + words
	}
	if s := t.relocation(at); s != "" {
		return s
	}
	if s := t.missingCall(words, at); s != "" {
		return s
	}
	if s := t.instruction(words, at); s != "" {
		return s
	}
	if m := contextField.FindStringSubmatch(words); m != nil {
		return "verifier: " + words + t.context(atoi(m[1]))
	}
	return "verifier: " + words
}

// tooComplex tells how far the verifier came.
func (t *teller) tooComplex(processed string) string {
	s := fmt.Sprintf("it is too complex: the verifier gave up after %s instructions", thousands(processed))
	f := t.result.Figures
	if f.Limit != nil {
		s += fmt.Sprintf(", of at most %s", thousands(strconv.FormatInt(*f.Limit, 10)))
	}
	if f.TotalStates != nil {
		s += fmt.Sprintf(", with %s states", thousands(strconv.FormatInt(*f.TotalStates, 10)))
	}
	return s
}

// thousands writes digits in groups of three.
func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
