// Package vmtest runs things under another kernel.
//
// A [Lab] boots unmodified kernels under QEMU, without root, network or KVM. It
// boots each (kernel, shape) once, freezes it when the guest agent is up, and from
// then on clones the frozen machine, copy-on-write, for every run: a pristine VM
// in a fraction of a second. A [Machine] runs commands; a [Cmd] looks like
// [os/exec.Cmd]. What came of a run is a [Verdict], and a machine that panics,
// hangs or warns in its kernel log never passes.
//
// [Matrix] is the host side of "go test ./...": every scenario on every kernel,
// each a subtest.
//
// The package knows no tests. What runs inside meets it at [Machine.Command], or,
// to be quicker, at package guest.
package vmtest
