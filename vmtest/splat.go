package vmtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/kernels"
)

// splatMarks begin the kernel's complaints about itself, at the start of a message.
// (lib/bug.c, kernel/panic.c, kernel/locking/lockdep.c, mm/kasan/report.c,
// mm/slub.c, lib/ubsan.c, kernel/rcu/tree_stall.h, kernel/hung_task.c, arch/x86)
var splatMarks = []string{
	"WARNING: ",
	"BUG: ", "BUG ", "kernel BUG at ",
	"Oops: ", "Oops ", "Internal error: ",
	"general protection fault", "stack segment: ", "divide error: ", "invalid opcode: ", "int3: ",
	"double fault: ", "traps: PANIC",
	"UBSAN: ", "KASAN: ", "KCSAN: ", "KMSAN: ", "KFENCE: ", "KTSAN: ",
	"INFO: possible recursive locking", "INFO: possible circular locking", "INFO: inconsistent lock state",
	"INFO: suspicious RCU usage", "INFO: task ", "INFO: trying to register non-static key",
	"INFO: rcu", "rcu: INFO: ", "rcu_sched self-detected stall", "watchdog: BUG: ",
	"possible deadlock in ", "refcount_t: ", "list_add corruption", "list_del corruption",
	"unchecked MSR access error", "DMA-API: ", "ODEBUG: ", "NETDEV WATCHDOG: ",
	"unregister_netdevice: waiting for ", "kmemleak: ",
	"workqueue: leaked lock", "Kernel panic - not syncing",
}

// A splat is one complaint found in a kernel log.
type splat struct {
	line    string // the telling line
	excerpt string // with what follows it
}

// splatExcerpt is how many lines of the log a splat's excerpt has.
const splatExcerpt = 40

// findSplat returns the first complaint in the log that the list does not allow.
// It also returns the reasons of those it passed over.
func findSplat(log string, allowed []kernels.Splat) (found *splat, excused []string) {
	lines := strings.Split(kernelText(log), "\n")
	for i, line := range lines {
		if !isSplat(line) {
			continue
		}
		if why, ok := excuse(line, allowed); ok {
			excused = append(excused, why)
			continue
		}
		end := min(len(lines), i+splatExcerpt)
		return &splat{line, strings.Join(lines[i:end], "\n")}, excused
	}
	return nil, excused
}

func isSplat(line string) bool {
	for _, mark := range splatMarks {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return strings.Contains(line, "page allocation failure: ")
}

func excuse(line string, allowed []kernels.Splat) (string, bool) {
	for _, a := range allowed {
		if a.Match.MatchString(line) {
			return a.Reason, true
		}
	}
	return "", false
}

// kmsgLine is a record of /dev/kmsg: "6,1234,56789,-;text".
// (Documentation/ABI/testing/dev-kmsg)
var kmsgLine = regexp.MustCompile(`^\d+,\d+,(\d+),[^;]*;(.*)$`)

// kernelText takes the messages out of records of /dev/kmsg; lines of another
// form stay as they are. Continuation lines with a device's key and value go.
func kernelText(log string) string {
	var out []string
	for line := range strings.SplitSeq(log, "\n") {
		if m := kmsgLine.FindStringSubmatch(line); m != nil {
			out = append(out, m[2])
		} else if line != "" && !strings.HasPrefix(line, " ") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// FormatKernelLog renders records of /dev/kmsg as dmesg does.
func FormatKernelLog(log string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(log, "\n") {
		if m := kmsgLine.FindStringSubmatch(line); m != nil {
			us, _ := strconv.ParseInt(m[1], 10, 64)
			fmt.Fprintf(&b, "[%5d.%06d] %s\n", us/1e6, us%1e6, m[2])
		}
	}
	return b.String()
}

// consolePrefix is what the kernel puts before its messages on the console.
var consolePrefix = regexp.MustCompile(`^(?:<\d>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? `)

// panicCause finds why the kernel panicked in what the console said: the panic's
// own line, and the bug before it if there was one.
func panicCause(console string) (cause string, ok bool) {
	var bug string
	for line := range strings.Lines(console) {
		text := consolePrefix.ReplaceAllString(strings.TrimRight(line, "\r\n"), "")
		if why, is := strings.CutPrefix(text, "Kernel panic - not syncing: "); is {
			if bug != "" && bug != why {
				why += " (" + bug + ")"
			}
			return why, true
		}
		if bug == "" && isSplat(text) {
			bug = text
		}
	}
	return "", false
}
