package feature

import "github.com/cilium/ebpf/features"

var language = []Feature{
	{"bounded_loops", "loops whose end the verifier can see", "5.3", "2589726d12a1", bpf("bounded loops", features.HaveBoundedLoops)},
	{"large_programs", "programs of up to a million instructions", "5.2", "c04c0d2b968a", bpf("more than 4096 instructions", features.HaveLargeInstructions)},
}
