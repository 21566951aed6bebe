package account

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/assay-lab/assay/ref/internal/cgroup"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Meter holds the loaded programs and their maps. It serves any number of
// cgroups; its methods may be called concurrently.
type Meter struct {
	mode        Mode
	progs       pair
	ledgerProgs pair         // nil unless Mode.Ledger
	maps        [2]*ebpf.Map // the second is nil when Mode.OneValue
	ledger      *ebpf.Map    // nil unless asked for

	mu    sync.Mutex
	swept map[string]bool // mount points
	stale int
}

// Mode returns how this kernel's traffic is counted.
func (m *Meter) Mode() Mode { return m.mode }

// Stale returns how many programs of killed processes were found attached and
// detached.
func (m *Meter) Stale() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stale
}

// Close unloads the programs. Cgroups must be closed before.
func (m *Meter) Close() error {
	errs := []error{m.progs.close(), m.ledgerProgs.close()}
	for _, mp := range append(m.maps[:], m.ledger) {
		if mp != nil {
			errs = append(errs, mp.Close())
		}
	}
	return errors.Join(errs...)
}

// Cgroup is a cgroup whose traffic is counted. Its methods may be called
// concurrently.
type Cgroup struct {
	// Path is the cgroup's directory, absolute.
	Path string
	// Name is its path in the hierarchy, "/" for the root.
	Name string
	// ID is the kernel's id of it; a cgroup made again at Path has another.
	ID uint64

	meter  *Meter
	before Counters
	once   sync.Once
	held   [2]io.Closer
	closed error
}

// Attach begins to count the traffic of the cgroup at path: the packets of all
// sockets that were created in it or in a descendant, whichever process has them
// now. A process that is moved leaves its sockets behind; an accepted connection
// belongs to the cgroup of its listener.
//
// The error wraps [ErrNotCgroup2], [ErrNoCgroup2], [ErrGone],
// [fs.ErrNotExist], [ErrExclusive], [ErrOverrides] or [ErrPrivileges].
func (m *Meter) Attach(path string) (*Cgroup, error) { return m.attach(path, m.progs) }

// AttachLedger is Attach, and has [Meter.Own] keep account of the cgroup and
// every one below it from now on. Without [Mode.Ledger] it is just Attach.
//
// Attach with a ledger at most once to the cgroups from the root of the
// hierarchy to a socket's own, or its traffic is in the ledger twice.
func (m *Meter) AttachLedger(path string) (*Cgroup, error) {
	if !m.mode.Ledger {
		return m.Attach(path)
	}
	return m.attach(path, m.ledgerProgs)
}

func (m *Meter) attach(path string, progs pair) (*Cgroup, error) {
	dir, err := cgroup.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := m.sweepOnce(dir.Mount()); err != nil {
		return nil, err
	}
	c := &Cgroup{Path: dir.Path, Name: dir.Name, ID: dir.ID, meter: m}
	// From Linux 5.9 on the storage outlives the attachment: a cgroup attached
	// a second time begins at zero all the same.
	c.before, _ = m.read(c.ID)
	for i, d := range directions {
		c.held[i], err = dir.Attach(progs[i], d.attach, m.mode.Attach)
		if err != nil {
			c.Close()
			return nil, attachError(err)
		}
	}
	return c, nil
}

func attachError(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w: %v\nrun as root, or grant CAP_NET_ADMIN", ErrPrivileges, err)
	}
	return err
}

// Read returns the traffic since Attach. The error wraps [ErrGone] once the
// kernel has freed the counters: when the cgroup was removed and its last socket
// closed, a moment later.
func (c *Cgroup) Read() (Counters, error) {
	now, err := c.meter.read(c.ID)
	if err != nil {
		return Counters{}, fmt.Errorf("read %s: %w", c.Path, err)
	}
	return now.Sub(c.before), nil
}

// Close stops counting. Closing again returns the same error.
func (c *Cgroup) Close() error {
	c.once.Do(func() {
		var errs []error
		for _, h := range c.held {
			if h != nil {
				errs = append(errs, h.Close())
			}
		}
		c.closed = errors.Join(errs...)
	})
	return c.closed
}

// mapOf returns the map of the program for directions[i].
func (m *Meter) mapOf(i int) *ebpf.Map {
	if m.mode.OneValue {
		return m.maps[0]
	}
	return m.maps[i]
}

// read looks up the value of a cgroup. Never by iterating: cgroup storage maps
// end an iteration with an error, or on kernels before 6.13 not at all.
func (m *Meter) read(id uint64) (Counters, error) {
	if m.mode.OneValue {
		return m.lookup(m.maps[0], id)
	}
	var sum Counters
	for i, d := range directions {
		key := accountBpfCgroupStorageKey{CgroupInodeId: id, AttachType: uint32(d.attach)}
		c, err := m.lookup(m.maps[i], key)
		if err != nil {
			return Counters{}, err
		}
		sum = sum.Add(c)
	}
	return sum, nil
}

// lookup sums over all possible CPUs: those that are offline keep what they
// have counted.
func (m *Meter) lookup(from *ebpf.Map, key any) (Counters, error) {
	var values []accountAccount
	var err error
	if m.mode.Storage == PerCPU || from == m.ledger {
		err = from.Lookup(key, &values)
	} else {
		values = make([]accountAccount, 1)
		err = from.Lookup(key, &values[0])
	}
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return Counters{}, ErrGone
	}
	var sum Counters
	for _, v := range values {
		sum = sum.Add(m.counters(v))
	}
	return sum, err
}
