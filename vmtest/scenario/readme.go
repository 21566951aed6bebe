package scenario

import (
	"fmt"
	"strings"

	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/scenario/internal/verb"
)

//go:generate go run ./internal/genreadme ../../testdata/README

// Readme returns the manual of the language, testdata/README: what a scenario looks
// like, its verbs and the features it can need, from the tables that are used when
// it runs.
func Readme() string {
	var b strings.Builder
	b.WriteString(manual)
	b.WriteString("\nVERBS\n")
	for _, v := range verb.Table() {
		writeVerb(&b, v)
	}
	b.WriteString("\nThe following are testscript's own; see its documentation for more.\n")
	for _, v := range verb.Builtin() {
		writeVerb(&b, v)
	}
	b.WriteString("\nFEATURES\n\nWhat needs knows, and the first mainline version that has it. That informs only:\n" +
		"each is tried when it is asked for, as distributions backport.\n\n")
	for _, f := range feature.Table() {
		fmt.Fprintf(&b, "%-32s %-7s %s\n", f.Name, f.Since, f.Summary)
	}
	return b.String()
}

func writeVerb(b *strings.Builder, v verb.Verb) {
	fmt.Fprintf(b, "\n  %s\n", strings.TrimSpace(v.Name+" "+v.Args))
	for _, line := range fold(v.Summary, 74) {
		fmt.Fprintf(b, "      %s\n", line)
	}
}

// fold breaks a text into lines of at most width bytes, where words allow.
func fold(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

const manual = `SCENARIOS

This file is generated. To change it, edit package vmtest/scenario and run:

    go generate ./vmtest/scenario

A scenario is a file NAME.txtar that states one claim about the running kernel, or
about a program on it, and proves it. NAME is a few words, the feature first.

    # A datagram arrives as it was sent.                 the claim
    needs ipv6
                                                         a step of the proof:
    # Three datagrams are sent to a listener.
    recv server udp [::1]:4000
    send -n 3 udp [::1]:4000 100
    poll 5s received server bytes == 300
    received server
    stdout 'packets=3 bytes=300 wrong=0'

    -- unsupported --                                    where there is no IPv6
    ! recv server udp [::1]:4000
    stderr 'address family not supported'

The first line is the claim. Each further line that begins with # is a step that a
stranger understands; in the log of a failure, the steps tell how far it came. The
other lines are commands: a verb and its arguments, separated by spaces. The files
below, each after a line "-- NAME --", are in the scenario's directory, $WORK.

  'TEXT'    one argument, taken as it is; '' within is one quote
  $NAME     the value of a variable; in a pattern, ${NAME@R} matches just that value
  ! VERB    must fail; stderr has its error
  #         begins a comment, also at the end of a line

A scenario runs as root in a network namespace, a cgroup, an empty BPF file system
and a directory of its own, the same on the host and in any VM. In the VM there is no
shell, no ip and no ping: what a scenario does, it does by verbs and by the programs
under test, which exec runs. What it leaves behind is cleaned up.

  $WORK     its directory
  $CGROUP   the directory of its cgroup

A skip is a claim, and claims are checked. What the kernel must have is stated by
needs, before anything runs, and tried. If something is missing, the part
"unsupported/FEATURE" of the first that is, or else the part "unsupported", runs
instead, with the same files. It must see the feature refused with its documented
error, or the same result reached without it; the verdict is then "unsupported".
There are no lines that are skipped on a condition, and no scenario skips itself.

A test proves that it tested. Hear the packet before you drop it; compare the frame
on the wire, not a ping; see a counter move before you want it to stand still; have an
oracle from outside the code under test for every number. Never sleep: wait for
something, with poll.

Verbs that print a number take, after it, a comparison or an arrow:

    received server bytes == 300       fails unless it is
    received server bytes -> n         sets $n
    check $n * 2 == 600

`
