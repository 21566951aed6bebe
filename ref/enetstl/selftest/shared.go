package selftest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/ref/enetstl"
	"github.com/assay-lab/assay/ref/internal/kfunc"
)

// shared is a loaded object with a map "io" whose one value is also in this process's
// memory: arguments are written there, and results read.
type shared struct {
	t        *T
	object   *ebpf.Collection
	programs map[string]*ebpf.Program
	memory   []byte
	rand     *rand.Rand
}

// share loads programs of an object, all if none is named.
func share(t *T, load func() (*ebpf.CollectionSpec, error), size int, programs ...string) *shared {
	spec, err := load()
	t.check(err, "read programs")
	c, err := kfunc.NewCollection(spec, programs...)
	var refusal *ebpf.VerifierError
	if errors.As(err, &refusal) {
		fmt.Fprintf(t.out, "%+v\n", refusal)
	}
	t.check(err, "load programs")
	t.Cleanup(c.Close)
	const page = 4096
	b, err := unix.Mmap(c.Maps["io"].FD(), 0, (size+page-1)/page*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	t.check(err, "map memory")
	t.Cleanup(func() { _ = unix.Munmap(b) })
	return &shared{t: t, object: c, programs: c.Programs, memory: b, rand: rand.New(rand.NewPCG(t.Seed, 1))}
}

// put writes 64-bit numbers at an offset, one after the other.
func (s *shared) put(at int, numbers ...uint64) {
	for i, n := range numbers {
		binary.LittleEndian.PutUint64(s.memory[at+8*i:], n)
	}
}

func (s *shared) get(at int) uint64 { return binary.LittleEndian.Uint64(s.memory[at:]) }

// run runs a program and returns what it returns.
func (s *shared) run(program string) int32 {
	p := s.programs[program]
	if p == nil {
		s.t.Fatalf("there is no program %s", program)
	}
	ret, err := p.Run(&ebpf.RunOptions{})
	s.t.check(err, "run "+program)
	return int32(ret)
}

// fill fills memory with random bytes.
func (s *shared) fill(b []byte) {
	for i := range b {
		b[i] = byte(s.rand.Uint32())
	}
}

// settle is how long the module may take to free what was given up.
const settle = 20 * time.Second

// nothingLeft registers a look, when the test is over and all is closed, at whether the
// module has the same number of objects as now. Call it first.
func nothingLeft(t *T) {
	before, _, err := enetstl.Status()
	t.check(err, "count objects")
	t.Cleanup(func() { waitForObjects(t, before) })
}

// waitForObjects waits until the module has so many objects.
func waitForObjects(t *T, want enetstl.Objects) {
	var got enetstl.Objects
	for deadline := time.Now().Add(settle); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if got, _, err = enetstl.Status(); err != nil {
			t.Errorf("count objects: %v", err)
			return
		}
		if got == want {
			return
		}
		if !time.Now().Before(deadline) {
			t.Errorf("the module has objects %v, want %v", got, want)
			return
		}
	}
}
