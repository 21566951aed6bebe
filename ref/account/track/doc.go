// Package track keeps account of many cgroups at once: given directories, and
// if asked for everything below them as it comes and goes.
//
// New cgroups are found by inotify, or by looking where watches have run out.
// A cgroup that is removed is read until the kernel frees its counters, so the
// bytes its last sockets send are not lost, and its last figures are kept for a
// bounded time in bounded number.
//
// Every cgroup is attached to by itself, and the kernel runs the programs of all
// ancestors for a packet: the cost of a packet grows with the number of tracked
// levels above its socket, which [Options.MaxDepth] limits. A cgroup's figures
// include those of its descendants. What a new cgroup sent before it was
// attached to, moments after it appeared, is in its ancestors' figures only.
package track
