// Package track keeps account of many cgroups at once: given directories, and
// if asked for everything below them as it comes and goes.
//
// New cgroups are found by inotify, or by looking where watches have run out.
// The figures of a removed cgroup are kept for a bounded time in bounded number.
//
// From Linux 5.3 on, with a meter that has a ledger, a cgroup's figures are
// complete: from its first packet, before it was found, to the last of its
// sockets, after it was removed. A cgroup that comes and goes before its name is
// read, some tenths of a millisecond, is in its ancestors' figures only. Without
// a ledger, so is what a cgroup sent before it was attached to; and it is read
// when its last process ends, when it is removed, and then every few milliseconds
// until the kernel frees its counters, which loses nothing unless this process
// does not get to run for so long.
//
// Every cgroup is attached to by itself, and the kernel runs the programs of all
// ancestors for a packet: the cost of a packet grows with the number of tracked
// levels above its socket, which [Options.MaxDepth] limits. A cgroup's figures
// include those of its descendants.
package track
