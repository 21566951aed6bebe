package account

import "github.com/cilium/ebpf"

// Separate returns o without one value for both directions, as on kernels
// before 5.9.
func Separate(o Options) Options {
	o.separate = true
	return o
}

// SegsOnly returns o without gso_size, as on kernels before 5.7.
func SegsOnly(o Options) Options {
	o.segsOnly = true
	return o
}

// Programs returns the programs that AttachLedger attaches, ingress and egress.
func (m *Meter) Programs() [2]*ebpf.Program {
	if m.mode.Ledger {
		return m.ledgerProgs
	}
	return m.progs
}
