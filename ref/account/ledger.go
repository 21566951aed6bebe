package account

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// The ledger has what Attach cannot know. Counters in cgroup storage begin when
// someone attaches, which is some time after the cgroup was made, and end with
// the cgroup, which may be before someone has read them. An entry of the ledger
// begins with the first packet and stays until it is forgotten.

// Own returns the traffic of the sockets of exactly the cgroup with the given id,
// without those of its descendants, since a cgroup above it (or itself) was
// attached to with [Meter.AttachLedger]. It is zero for a cgroup that has had no
// traffic, and where [Mode.Ledger] is false. It can be read after the cgroup is
// gone.
func (m *Meter) Own(id uint64) (Counters, error) {
	if !m.mode.Ledger {
		return Counters{}, nil
	}
	c, err := m.lookup(m.ledger, id)
	if errors.Is(err, ErrGone) {
		return Counters{}, nil
	}
	if err != nil {
		return Counters{}, fmt.Errorf("read ledger: %w", err)
	}
	return c, nil
}

// Forget drops the entry of the cgroup with the given id, so that there is room
// for others: the ledger has room for 16384. If it has traffic again it begins
// at zero.
func (m *Meter) Forget(id uint64) error {
	if !m.mode.Ledger {
		return nil
	}
	if err := m.ledger.Delete(id); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("forget in ledger: %w", err)
	}
	return nil
}

// Entries returns the ids of the cgroups in the ledger, in no order.
func (m *Meter) Entries() ([]uint64, error) {
	if !m.mode.Ledger {
		return nil, nil
	}
	var ids []uint64
	var id uint64
	var value []accountAccount
	entries := m.ledger.Iterate()
	for entries.Next(&id, &value) {
		ids = append(ids, id)
	}
	// Entries that come and go may make it begin again until it gives up: then
	// some are missing, which the next call may have.
	if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
		return nil, fmt.Errorf("list ledger: %w", err)
	}
	return ids, nil
}
