package vmtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Shape is the hardware of a machine. The zero value of a field means its
// value in the shape named "default".
type Shape struct {
	Name string `json:"name"`
	// CPUs is how many processors are online at boot.
	CPUs int `json:"cpus"`
	// PossibleCPUs is how many there may ever be; more than CPUs makes
	// per-CPU maps larger than the machine looks.
	PossibleCPUs int `json:"possible_cpus,omitempty"`
	// MemoryMB is the size of the memory in MiB. It costs nothing until used.
	MemoryMB int `json:"memory_mb"`
	// NICPairs is how many pairs of virtio network cards there are, each
	// wired back to back inside QEMU: eth0 to eth1, eth2 to eth3, and so on.
	NICPairs int `json:"nic_pairs,omitempty"`
	// Network adds a card on QEMU's user-mode network, which reaches what
	// the host reaches. Off by default: a test has no business outside.
	Network bool `json:"network,omitempty"`
	// Parallel lets the CPUs of a machine under TCG run on several host
	// threads. They then race as real ones do, but cross-modifying code is
	// not emulated faithfully: kernels from 6.12 on panic with "int3" when
	// XDP programs are exchanged. Without it they take turns.
	Parallel bool `json:"parallel,omitempty"`
	// CountInstructions makes the guest's clock the count of its
	// instructions (QEMU's icount, one nanosecond each): durations are then
	// repeatable to the last digit, and mean work, not time. One CPU, TCG.
	CountInstructions bool `json:"count_instructions,omitempty"`
}

// Shapes are the shapes a scenario can ask for by name.
var Shapes = []Shape{
	{Name: "default", CPUs: 1, MemoryMB: 512},
	{Name: "smp", CPUs: 2, MemoryMB: 512},
	{Name: "hotplug", CPUs: 2, PossibleCPUs: 4, MemoryMB: 512},
	{Name: "virtio-pair", CPUs: 1, MemoryMB: 512, NICPairs: 1},
	{Name: "large", CPUs: 2, MemoryMB: 2048},
	{Name: "icount", CPUs: 1, MemoryMB: 512, CountInstructions: true},
}

// ShapeNamed returns the shape of that name; "" is "default".
func ShapeNamed(name string) (Shape, error) {
	name = cmp.Or(name, "default")
	i := slices.IndexFunc(Shapes, func(s Shape) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range Shapes {
			names = append(names, s.Name)
		}
		return Shape{}, fmt.Errorf("unknown machine shape %q: there are %s", name, strings.Join(names, ", "))
	}
	return Shapes[i], nil
}

// filled returns the shape with its zero fields filled in.
func (s Shape) filled() Shape {
	d := Shapes[0]
	s.Name = cmp.Or(s.Name, "custom")
	s.CPUs = cmp.Or(s.CPUs, d.CPUs)
	s.PossibleCPUs = max(s.PossibleCPUs, s.CPUs)
	s.MemoryMB = cmp.Or(s.MemoryMB, d.MemoryMB)
	return s
}

// check names what cannot be.
func (s Shape) check() error {
	switch {
	case s.CPUs < 1 || s.PossibleCPUs > 64:
		return fmt.Errorf("machine shape %s: %d CPUs of %d possible: want 1 to 64", s.Name, s.CPUs, s.PossibleCPUs)
	case s.MemoryMB < 128 || s.MemoryMB > 1<<20:
		return fmt.Errorf("machine shape %s: %d MiB of memory: want at least 128", s.Name, s.MemoryMB)
	case s.NICPairs < 0 || s.NICPairs > 4:
		return fmt.Errorf("machine shape %s: %d pairs of network cards: want 0 to 4", s.Name, s.NICPairs)
	case s.CountInstructions && s.PossibleCPUs > 1:
		return fmt.Errorf("machine shape %s: instructions are counted on one CPU only, not %d", s.Name, s.PossibleCPUs)
	}
	return nil
}
