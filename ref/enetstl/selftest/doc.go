// Package selftest tests the module enetstl in the running kernel: that its kfuncs do
// what their contract says, against a second implementation in Go where there can be
// one; that the verifier refuses what it must; and that nothing is left.
//
// The tests are part of the program, not of its test files, so that they can be run where
// the module is: in a VM of any kernel, or on a host that is to be trusted with it.
// Every test needs the module loaded, and root.
package selftest
