package vmtest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// store keeps frozen machines, one directory each, named by a key of everything
// they depend on: DIR/<key>/{mem,state,meta.json}.
type store struct{ dir string }

// frozen is a machine in the store, checked and open: it stays usable when its
// directory is swept.
type frozen struct {
	key   string
	meta  frozenMeta
	state []byte
	mem   *os.File
}

// frozenMeta is meta.json. It is written last, and says that the rest is whole.
type frozenMeta struct {
	StateSHA256 string         `json:"state_sha256"`
	MemBytes    int64          `json:"mem_bytes"`
	MemModified int64          `json:"mem_modified_ns"` // tells damage by a clone that wrote to it
	Ready       wire.ReadyBody `json:"ready"`
	ZygoteID    uint16         `json:"zygote_id,omitempty"`
	Made        time.Time      `json:"made"`
}

const building = ".building-"

func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open snapshot store: %w\nset ASSAY_CACHE to a directory you can write to", err)
	}
	s := &store{dir}
	return s, s.sweep()
}

// get returns the frozen machine of this key, building it first if need be. Of any
// number of processes that ask at once, one builds and the others wait.
func (s *store) get(key string, build func(dir string) (frozenMeta, error)) (*frozen, error) {
	if f, err := s.open(key); err == nil {
		return f, nil
	}
	unlock, err := s.lock(key)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if f, err := s.open(key); err == nil { // somebody else built it meanwhile
		return f, nil
	}
	if err := s.make(key, build); err != nil {
		return nil, err
	}
	f, err := s.open(key)
	if err != nil {
		return nil, fmt.Errorf("open new snapshot: %w", err)
	}
	return f, s.evict(key)
}

// open checks a frozen machine as far as QEMU does not: it loads a state with a
// flipped bit without a word.
func (s *store) open(key string) (_ *frozen, err error) {
	f := &frozen{key: key}
	dir := filepath.Join(s.dir, key)
	b, err := os.ReadFile(filepath.Join(dir, "meta.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &f.meta); err != nil {
		return nil, err
	}
	if f.state, err = os.ReadFile(filepath.Join(dir, "state")); err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(f.state); hex.EncodeToString(sum[:]) != f.meta.StateSHA256 {
		return nil, fmt.Errorf("snapshot %s: state has changed", key)
	}
	// Not read-only: QEMU before 8.2 opens it for writing even where it maps it privately.
	if f.mem, err = os.OpenFile(filepath.Join(dir, "mem"), os.O_RDWR, 0); err != nil {
		return nil, err
	}
	st, err := f.mem.Stat()
	if err == nil && (st.Size() != f.meta.MemBytes || st.ModTime().UnixNano() != f.meta.MemModified) {
		err = fmt.Errorf("snapshot %s: memory has changed", key)
	}
	if err != nil {
		f.mem.Close()
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(filepath.Join(dir, "meta.json"), now, now) // for eviction; a store we cannot touch still serves
	return f, nil
}

// make builds aside and renames into place.
func (s *store) make(key string, build func(dir string) (frozenMeta, error)) error {
	tmp, err := os.MkdirTemp(s.dir, building)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	release, err := flock(tmp) // tells the sweeper that its builder lives
	if err != nil {
		return err
	}
	defer release()
	meta, err := build(tmp)
	if err != nil {
		return err
	}
	if err := meta.seal(tmp); err != nil {
		return fmt.Errorf("keep snapshot: %w", err)
	}
	dir := filepath.Join(s.dir, key)
	if err := os.RemoveAll(dir); err != nil { // a damaged one
		return err
	}
	return os.Rename(tmp, dir)
}

// seal records what the files in dir are.
func (m *frozenMeta) seal(dir string) error {
	state, err := os.ReadFile(filepath.Join(dir, "state"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(state)
	mem, err := os.Stat(filepath.Join(dir, "mem"))
	if err != nil {
		return err
	}
	m.StateSHA256, m.Made = hex.EncodeToString(sum[:]), time.Now().UTC()
	m.MemBytes, m.MemModified = mem.Size(), mem.ModTime().UnixNano()
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "meta.json"), b, 0o644)
}

// drop removes a frozen machine that does not restore.
func (s *store) drop(key string) error {
	unlock, err := s.lock(key)
	if err != nil {
		return err
	}
	defer unlock()
	return os.RemoveAll(filepath.Join(s.dir, key))
}

// lock takes the lock of a key. The kernel releases it with the process, and its
// file goes with it.
func (s *store) lock(key string) (unlock func(), err error) {
	name := filepath.Join(s.dir, key+".lock")
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, err
		}
		if err := flockFile(f, unix.LOCK_EX); err != nil {
			f.Close()
			return nil, err
		}
		if sameFile(f, name) { // else its last owner has removed it while we waited
			return func() {
				_ = os.Remove(name)
				f.Close()
			}, nil
		}
		f.Close()
	}
}

func sameFile(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(name)
	return err == nil && os.SameFile(a, b)
}

func flock(dir string) (release func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := flockFile(f, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func flockFile(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("flock", err)
		}
	}
}

// sweep removes what builders left that no longer live.
func (s *store) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.dir, building+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		st, err := os.Stat(dir)
		if err != nil || time.Since(st.ModTime()) < time.Minute { // just made, its lock not yet taken
			continue
		}
		if release, err := flock(dir); err == nil {
			_ = os.RemoveAll(dir)
			release()
		}
	}
	return nil
}

// maxStore is how many bytes of frozen machines are kept, the last used ones.
// Each takes 70 to 130 MB, so this is the default matrix in several shapes with
// the payloads of some days of work.
const maxStore = 6 << 30

// evict removes the machines that were not used for the longest time, but keep.
func (s *store) evict(keep string) error {
	type entry struct {
		key  string
		used time.Time
		size int64
	}
	dirs, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var all []entry
	for _, d := range dirs {
		meta, err := os.Stat(filepath.Join(s.dir, d.Name(), "meta.json"))
		if err != nil || strings.HasPrefix(d.Name(), building) {
			continue
		}
		all = append(all, entry{d.Name(), meta.ModTime(), diskUse(filepath.Join(s.dir, d.Name(), "mem"))})
	}
	slices.SortFunc(all, func(a, b entry) int { return -cmp.Compare(a.used.UnixNano(), b.used.UnixNano()) })
	var total int64
	for _, e := range all {
		if total += e.size; total > maxStore && e.key != keep {
			if err := os.RemoveAll(filepath.Join(s.dir, e.key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func diskUse(name string) int64 {
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}
