// Package model computes, in Go, what the kfuncs of the module enetstl compute: the
// second implementation that the module is compared with in every kernel, and what
// user space fills maps by that programs look into.
//
// Functions here have the names and meanings of those in kmod/enetstl/*.h, without the
// prefix bpf_en_. They are written for clarity, not for speed.
package model
