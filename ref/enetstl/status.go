package enetstl

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/assay-lab/assay/ref/internal/kfunc"
)

//go:generate ../../scripts/bpf2go -type status status ../../bpf/enetstl_status.bpf.c

// What the module uses of the CPU: EN_CPU_ in enetstl.h.
const (
	cpuCRC32C = 1 << iota
	cpuBMI2
	cpuAVX2
)

// Status asks the module how many objects live in it, and what it uses of the CPU.
// Objects that were given up last may be counted until a grace period has passed.
func Status() (Objects, CPU, error) {
	if err := Check(); err != nil {
		return Objects{}, CPU{}, err
	}
	spec, err := loadStatus()
	if err != nil {
		return Objects{}, CPU{}, err
	}
	c, err := kfunc.NewCollection(spec)
	if err != nil {
		return Objects{}, CPU{}, fmt.Errorf("ask module %s: %w", Module, err)
	}
	defer c.Close()
	if _, err := c.Programs["ask"].Run(&ebpf.RunOptions{}); err != nil {
		return Objects{}, CPU{}, fmt.Errorf("ask module %s: %w", Module, err)
	}
	var s statusStatus
	if err := c.Maps["answer"].Lookup(uint32(0), &s); err != nil {
		return Objects{}, CPU{}, fmt.Errorf("ask module %s: %w", Module, err)
	}
	return Objects{s.Live[0], s.Live[1], s.Live[2], s.Live[3], s.Live[4]},
		CPU{s.Cpu&cpuCRC32C != 0, s.Cpu&cpuBMI2 != 0, s.Cpu&cpuAVX2 != 0}, nil
}
