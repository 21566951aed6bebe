// Package place makes the places that a scenario runs in: network namespaces,
// cgroups, a BPF file system and a scratch directory, all its own, and sweeps what
// a killed run left behind.
//
// A network namespace and a mount belong to a thread, a cgroup to the process. All
// functions must be called on the one goroutine that [Enter] was called on.
package place

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/feature"
)

// Dir is where scratch directories are.
const Dir = "/run/assay"

// A World is all the places of one scenario.
type World struct {
	// Scratch is a directory for this run alone, Script the file in it for
	// testscript to read.
	Scratch, Script string

	cgroup string         // directory of the own cgroup, "" without cgroup v2
	before string         // cgroup the process came from
	netns  map[string]int // descriptors; "" is the own one
	spare  []int          // of network namespaces without a name
	at     struct{ netns, cgroup string }
}

// Enter makes the places of a scenario and moves there: the calling goroutine
// stays on its thread for good, the thread in the new namespaces, and the process,
// where there is cgroup v2, in a cgroup of its own. It first removes what killed
// runs left behind.
func Enter() (*World, error) {
	runtime.LockOSThread()
	w := &World{netns: map[string]int{}}
	name, err := ownName()
	if err != nil {
		return nil, err
	}
	w.before, err = feature.Cgroup()
	if err != nil && !errors.Is(err, feature.ErrNoCgroup2) {
		return nil, err
	}
	Sweep()
	if err := w.enter(name); err != nil {
		return nil, errors.Join(err, w.Leave())
	}
	return w, nil
}

func (w *World) enter(name string) error {
	w.Scratch = filepath.Join(Dir, name)
	w.Script = filepath.Join(w.Scratch, "run.txtar")
	// testscript finds its own directories made.
	if err := os.MkdirAll(filepath.Join(w.Scratch, "script-run", ".tmp"), 0o777); err != nil {
		return fmt.Errorf("make scratch directory: %w", err)
	}
	if w.before != "" {
		dir := filepath.Join(w.before, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("make cgroup: %w", err)
		}
		w.cgroup = dir
		if err := enterCgroup(dir); err != nil {
			return err
		}
	}
	if err := ownMounts(); err != nil {
		return err
	}
	fd, err := newNetns()
	w.netns[""] = fd
	return err
}

// bpffs is where programs look for the BPF file system.
const bpffs = "/sys/fs/bpf"

// ownMounts gives the thread a mount table of its own with an empty BPF file
// system, if the kernel has one.
func ownMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make mount namespace: %w", err)
	}
	// What is mounted from here on is nobody else's to see.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	err := unix.Mount("bpf", bpffs, "bpf", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700")
	if err != nil && err != unix.ENODEV && err != unix.ENOENT {
		return fmt.Errorf("mount BPF file system: %w", err)
	}
	return nil
}

// Go moves on to a network namespace and a cgroup of the scenario; "" is its own.
func (w *World) Go(netns, cgroup string) error {
	fd, err := w.Netns(netns)
	if err != nil {
		return err
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w", netns, err)
	}
	w.at.netns = netns
	if cgroup == w.at.cgroup {
		return nil
	}
	dir, err := w.CgroupDir(cgroup)
	if err != nil {
		return err
	}
	if err := enterCgroup(dir); err != nil {
		return err
	}
	w.at.cgroup = cgroup
	return nil
}

// At returns where the scenario is.
func (w *World) At() (netns, cgroup string) { return w.at.netns, w.at.cgroup }

// Leave leaves the cgroup, ends what still runs in it, and removes it and the
// scratch directory. The thread stays in its namespaces, which end with it.
func (w *World) Leave() error {
	var errs []error
	for _, fd := range slices.AppendSeq(w.spare, maps.Values(w.netns)) {
		_ = unix.Close(fd)
	}
	if w.cgroup != "" {
		errs = append(errs, enterCgroup(w.before), removeCgroupTree(w.cgroup))
	}
	return errors.Join(append(errs, os.RemoveAll(w.Scratch))...)
}

// Sweep removes what runs that were killed have left behind. What it cannot remove
// stays for the next time.
func Sweep() {
	if dir, err := feature.Cgroup(); err == nil {
		sweep(dir, removeCgroupTree)
	}
	sweep(Dir, os.RemoveAll)
}

func sweep(dir string, remove func(string) error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if abandoned(e.Name()) {
			_ = remove(filepath.Join(dir, e.Name()))
		}
	}
}
