package account

import (
	"errors"
	"fmt"
	"os"

	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// pair is a program for each of directions.
type pair [2]*ebpf.Program

// loadPrograms takes the first variant of the programs that the kernel accepts,
// and the same with a ledger if that is wanted and accepted.
func (m *Meter) loadPrograms(spec *ebpf.CollectionSpec, o Options) error {
	v, err := m.loadVariant(spec, o)
	if err != nil || !o.Ledger {
		return err
	}
	if m.ledger, err = ebpf.NewMap(spec.Maps[accountMapLedger]); err != nil {
		return fmt.Errorf("create ledger: %w", err)
	}
	m.ledgerProgs, err = m.loadPair(spec, v.suffix+"_ledger")
	if errors.Is(err, unix.EPERM) {
		return err
	}
	if err != nil {
		m.mode.because("a ledger of cgroups needs Linux 5.3")
		return nil
	}
	m.mode.Ledger = true
	return nil
}

func (m *Meter) loadVariant(spec *ebpf.CollectionSpec, o Options) (variant, error) {
	var last error
	for _, v := range variants {
		if o.NoSegments && v.segments || o.segsOnly && v == variants[0] {
			continue
		}
		progs, err := m.loadPair(spec, v.suffix)
		if err == nil {
			m.progs, m.mode.Segments = progs, v.segments
			return v, nil
		}
		if errors.Is(err, unix.EPERM) {
			return variant{}, err
		}
		m.mode.because(v.lacks)
		last = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return variant{}, last
}

func (m *Meter) loadPair(spec *ebpf.CollectionSpec, suffix string) (pair, error) {
	var progs pair
	for i, d := range directions {
		p := spec.Programs[d.name+"_"+suffix].Copy()
		p.Name = m.programName(d.name)
		maps := map[string]*ebpf.Map{accountMapAccount: m.mapOf(i), accountMapLedger: m.ledger}
		for name, fd := range maps {
			err := p.Instructions.AssociateMap(name, fd)
			if err != nil && !errors.Is(err, asm.ErrUnreferencedSymbol) {
				return progs, fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		var err error
		if progs[i], err = ebpf.NewProgram(p); err != nil {
			progs.close()
			return pair{}, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return progs, nil
}

func (p pair) close() error {
	var errs []error
	for _, prog := range p {
		if prog != nil {
			errs = append(errs, prog.Close())
		}
	}
	return errors.Join(errs...)
}

// programName is what bpftool shows. Where a program outlives its process it
// says whose it was.
func (m *Meter) programName(direction string) string {
	if m.mode.Attach == ByProgram {
		return cgroup.OwnedName(ownedPrefix(direction))
	}
	return "acct_" + direction // of 15 characters, the library takes the C function's
}

// ownedPrefix is "acci" or "acce".
func ownedPrefix(direction string) string { return "acc" + direction[:1] }

// sweepOnce removes what killed processes left in the hierarchy mounted at
// mount, the first time a Meter attaches there.
func (m *Meter) sweepOnce(mount string) error {
	if m.mode.Attach != ByProgram {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.swept[mount] {
		return nil
	}
	for _, d := range directions {
		n, err := cgroup.Sweep(mount, ownedPrefix(d.name), d.attach)
		if err != nil && !errors.Is(err, os.ErrPermission) {
			return err
		}
		m.stale += n
	}
	if m.swept == nil {
		m.swept = make(map[string]bool)
	}
	m.swept[mount] = true
	return nil
}
