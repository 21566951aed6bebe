package enetstl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/assay-lab/assay/ref/internal/kfunc"
)

// Module is the module's name.
const Module = "enetstl"

// Functions are the names of all functions that programs may call, sorted.
func Functions() []string { return slices.Clone(functions) }

// Load loads the module from a file, with module parameters as "plain=1", and makes sure
// that programs can call all its functions. If they cannot, it is unloaded again.
func Load(file, parameters string) error {
	if err := kfunc.Load(file, parameters); err != nil {
		return err
	}
	if err := Check(); err != nil {
		return errors.Join(err, kfunc.Unload(Module))
	}
	return nil
}

// Unload removes the module. It fails with ErrInUse while programs or maps use it.
func Unload() error { return kfunc.Unload(Module) }

// Loaded tells whether the module is there, whether or not it is of use.
func Loaded() bool { return kfunc.Loaded(Module) }

// Check tells whether programs can call the module's functions. See kfunc.Check.
func Check() error { return kfunc.Check(Module, functions) }

// Objects are how many objects of each kind live in the module.
type Objects struct {
	Proxies   int64 `json:"proxies"`
	Nodes     int64 `json:"nodes"`
	Buckets   int64 `json:"buckets"`
	Random    int64 `json:"random"`
	Functions int64 `json:"functions"` // network functions inside the module
}

// String says it in one line.
func (o Objects) String() string {
	return fmt.Sprintf("proxies=%d nodes=%d buckets=%d random=%d functions=%d", o.Proxies, o.Nodes, o.Buckets, o.Random, o.Functions)
}

// CPU names what the module uses of this CPU.
type CPU struct {
	CRC32C bool `json:"crc32c"` // SSE 4.2
	BMI2   bool `json:"bmi2"`
	AVX2   bool `json:"avx2"`
}

// String says it in one line.
func (c CPU) String() string {
	return fmt.Sprintf("crc32c=%v bmi2=%v avx2=%v", c.CRC32C, c.BMI2, c.AVX2)
}
