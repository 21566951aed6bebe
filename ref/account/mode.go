package account

import (
	"strings"

	"github.com/assay-lab/assay/ref/internal/cgroup"
)

// Storage is where the kernel keeps the counters of a cgroup.
type Storage string

// The values of [Mode.Storage] and [Options.Storage]. Both give the same
// figures.
const (
	// PerCPU keeps one copy for each possible CPU, so that CPUs do not wait for
	// each other. Linux 4.20, b741f1630346.
	PerCPU Storage = "percpu"
	// Shared keeps one copy. Linux 4.19, de9cbbaadba5.
	Shared Storage = "shared"
)

// Method is a way to attach a program to a cgroup.
type Method = cgroup.Method

// The values of [Mode.Attach] and [Options.Attach]. Both leave the programs of
// others, and of parents, running.
const (
	// ByLink: the kernel detaches when the process ends. Linux 5.7.
	ByLink = cgroup.ByLink
	// ByProgram: a process that is killed leaves its programs attached; the
	// next [Load] that attaches ByProgram removes them. Linux 4.15.
	ByProgram = cgroup.ByProgram
)

// Mode is what a [Meter] makes of the running kernel.
type Mode struct {
	Storage Storage `json:"storage"`
	// OneValue: both directions of a cgroup share one value, so one lookup
	// reads both. Linux 5.9, 7d9c3427894f.
	OneValue bool   `json:"one_value"`
	Attach   Method `json:"attach"`
	// Segments: [Tally.Segments] and [Tally.WireBytes] are counted. Linux 5.1;
	// before 5.7, packets from a virtual NIC with receive offload count as one
	// segment.
	Segments bool `json:"segments"`
	// Ledger: [Meter.Own] knows every cgroup below one that was attached to with
	// [Meter.AttachLedger]. False unless asked for. Linux 5.3.
	Ledger bool `json:"ledger"`
	// Reason says for each fallback which kernel feature is missing; empty when
	// there is none.
	Reason string `json:"reason"`
}

// because appends to the reason, in the order of the fields above.
func (m *Mode) because(reason string) {
	m.Reason = strings.TrimPrefix(m.Reason+"; "+reason, "; ")
}
