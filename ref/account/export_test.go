package account

import "github.com/cilium/ebpf"

// Separate returns o without one value for both directions, as on kernels
// before 5.9.
func Separate(o Options) Options {
	o.separate = true
	return o
}

// Programs returns the loaded programs, ingress and egress.
func (m *Meter) Programs() [2]*ebpf.Program { return m.progs }
