// Package object certifies BPF objects: it has every program of an object loaded by
// every kernel, and says of each what the kernel's verifier said and counted.
//
// A program is accepted, with the verifier's figures; rejected, with a cause that a
// person can act on; or not attempted, with the reason, when the kernel was not
// asked or could not be: there is nothing to attach the program to, say, or the
// object leaves something open that its own loader fills in. What is not known is
// not guessed.
//
// Programs are loaded one at a time, each with the maps that it refers to and no
// others. An object's programs share a machine; one that its kernel does not
// survive, or complains of, is tried again in a machine of its own.
package object
