package object

import (
	"github.com/cilium/ebpf/asm"
)

// callGraph returns the functions of a program, in their order, and which calls
// which, by their numbers.
func callGraph(insns asm.Instructions) (calls map[int][]int, names []string) {
	number := map[string]int{}
	for i := range insns {
		if s := insns[i].Symbol(); s != "" {
			if _, known := number[s]; !known {
				number[s] = len(names)
				names = append(names, s)
			}
		}
	}
	calls = map[int][]int{}
	at := 0
	for i := range insns {
		if s := insns[i].Symbol(); s != "" {
			at = number[s]
		}
		if !insns[i].IsFunctionReference() {
			continue
		}
		if callee, ok := number[insns[i].Reference()]; ok {
			calls[at] = append(calls[at], callee)
		}
	}
	return calls, names
}
