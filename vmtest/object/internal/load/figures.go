package load

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// The lines with figures at the end of a log (kernel/bpf/verifier.c,
// print_verification_stats). Before 5.2 there is one line, with the stack in it.
//
//	verification time 137 usec
//	stack depth 24+0
//	processed 45 insns (limit 1000000) max_states_per_insn 1 total_states 4 peak_states 4 mark_read 2
//	processed 45 insns (limit 131072), stack depth 24
//
// From 7.2 on the stack's line goes on with "max 24", and there is one that says
// "insns processed 45".
var (
	timeLine      = regexp.MustCompile(`^verification time (\d+) usec`)
	stackWords    = regexp.MustCompile(`stack depth (\d+(?:\+\d+)*)`)
	processedLine = regexp.MustCompile(`^processed (\d+) insns(?: \(limit (\d+)\))?`)
	totalStates   = regexp.MustCompile(`total_states (\d+)`)
	peakStates    = regexp.MustCompile(`peak_states (\d+)`)
)

// IsFigures tells whether a line of a verifier's log is of figures only.
func IsFigures(line string) bool {
	return timeLine.MatchString(line) || strings.HasPrefix(line, "stack depth ") ||
		processedLine.MatchString(line) || strings.HasPrefix(line, "insns processed ")
}

// fromLog reads the figures at a log's end.
func (f *Figures) fromLog(log string) {
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if !IsFigures(line) {
			continue
		}
		set(&f.VerificationUS, timeLine, line)
		if m := processedLine.FindStringSubmatch(line); m != nil {
			f.Processed, f.Limit = number(m[1]), number(m[2])
		}
		set(&f.TotalStates, totalStates, line)
		set(&f.PeakStates, peakStates, line)
		if m := stackWords.FindStringSubmatch(line); m != nil {
			f.Stack = nil
			for part := range strings.SplitSeq(m[1], "+") {
				f.Stack = append(f.Stack, *number(part))
			}
		}
	}
}

func set(to **int64, pattern *regexp.Regexp, line string) {
	if m := pattern.FindStringSubmatch(line); m != nil {
		*to = number(m[1])
	}
}

// number reads digits; nil for none.
func number(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// fromKernel asks the kernel about a loaded program, and lets go of it.
func (f *Figures) fromKernel(fd int) error {
	p, err := ebpf.NewProgramFromFD(fd)
	if err != nil {
		return fmt.Errorf("take loaded program: %w", err)
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return fmt.Errorf("ask about loaded program: %w", err)
	}
	if size, err := info.TranslatedSize(); err == nil {
		f.Translated = ref(int64(size) / asm.InstructionSize)
	}
	if size, err := info.JitedSize(); err == nil && size > 0 {
		f.Jited = ref(int64(size))
	}
	if n, ok := info.VerifiedInstructions(); ok && f.Processed == nil {
		f.Processed = ref(int64(n))
	}
	return nil
}

func ref(n int64) *int64 { return &n }
