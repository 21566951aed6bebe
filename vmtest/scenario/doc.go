// Package scenario runs scenarios: documents that state one claim about the
// running kernel, or about a program on it, and prove it.
//
// A scenario is a txtar archive. Its first line is the claim, each further line
// that begins with # is a step, the lines between them are commands, and the
// files below are inputs and expected outputs:
//
//	# A datagram arrives as it was sent.
//	needs cgroup2
//
//	# A server listens, a client sends it three datagrams.
//	recv server udp 127.0.0.1:4000
//	send -n 3 udp 127.0.0.1:4000 100
//	poll 5s received server bytes == 300
//
//	-- unsupported --
//	! cgroup a
//
// The language is that of [github.com/rogpeppe/go-internal/testscript] with the
// verbs of one table, listed in testdata/README, which [Readme] writes. Two of
// its habits are refused: a line that is skipped on some condition and a script
// that skips itself, because a skip is a claim, and claims are checked. What the
// kernel must have is stated by needs; where it is missing, the unsupported part
// runs instead and must see it refused.
//
// A scenario runs in a network namespace, a cgroup, a BPF file system and a
// directory of its own, the same as root on the host and inside any VM. [Parse]
// reads one on any machine; [Main] runs one, inside; [ParseResult] reads what Main
// found out.
package scenario
