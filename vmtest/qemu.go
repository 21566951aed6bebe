package vmtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// Descriptors that QEMU inherits, in the order of process.extra.
const (
	fdMonitor = 3 + iota
	fdControl
	fdConsole
	fdMemory
	fdState
)

// A device is one fact about how the machine is run, as QEMU's arguments.
// Saved and restored machine must be made of equal devices.
type device interface {
	args() []string
}

// bare is a machine without anything nobody asked for.
type bare struct{ machine string }

func (b bare) args() []string {
	return []string{
		"-nodefaults", "-no-user-config", "-display", "none",
		// A panic or a power-off ends QEMU instead of booting again.
		"-no-reboot",
		// Always the versioned type: what an alias means changes with QEMU,
		// and a snapshot of one version does not load into another.
		"-machine", b.machine + ",memory-backend=ram",
	}
}

// processor is CPU model, count and accelerator.
type processor struct {
	shape Shape
	accel Accel
	qemu  int // major version
}

func (p processor) args() []string {
	// All that are possible are there; how many come up is for the kernel's
	// command line to say. (CPUs that QEMU would plug in later are not counted as
	// possible by kernels since 6.9 that see no hypervisor they know, TCG for one.)
	a := []string{"-smp", strconv.Itoa(p.shape.PossibleCPUs)}
	if p.accel == KVM {
		return append(a, "-accel", "kvm", "-cpu", "host")
	}
	thread := "single"
	if p.shape.Parallel {
		thread = "multi"
	}
	// TCG runs "rep movsb" byte by byte; without these two flags kernels choose
	// another way to copy, which halves the cost of moving data in and out.
	model := "max,erms=off,fsrm=off"
	if p.qemu < 8 {
		// Its cmpxchg16b computes the flags of an older instruction, which now
		// and then makes an interrupt flag of a pointer: about one in 200 machines
		// died of a double fault. Kernels then do without the instruction.
		// (gen_cmpxchg16b was written anew for 8.0.)
		model += ",cx16=off"
	}
	a = append(a, "-accel", "tcg,thread="+thread, "-cpu", model)
	if p.shape.CountInstructions {
		a = append(a, "-icount", "shift=0,sleep=off")
	}
	return a
}

// memory is the guest's RAM: a file, so that clones share what they do not change.
type memory struct {
	mb int
	// path is the file; "" keeps the memory anonymous, for a machine that is
	// never saved.
	path string
	// shared writes the guest's changes to the file. A clone must not.
	shared bool
}

func (m memory) args() []string {
	size := fmt.Sprintf("%dM", m.mb)
	object := "memory-backend-ram,id=ram,size=" + size
	if m.path != "" {
		object = "memory-backend-file,id=ram,size=" + size + ",mem-path=" + m.path + ",share=off"
		if m.shared {
			object = strings.TrimSuffix(object, "off") + "on"
		}
	}
	return []string{"-m", size, "-object", object}
}

// ports are the monitor, the agent's control port and the console, each on a
// socket that was connected before QEMU began: no path, no polling, and the death
// of either side is an end of file at the other.
type ports struct{}

func (ports) args() []string {
	return []string{
		"-chardev", fmt.Sprintf("socket,id=monitor,fd=%d", fdMonitor), "-mon", "chardev=monitor,mode=control",
		"-device", "virtio-serial-pci,id=vser,addr=0x4",
		"-chardev", fmt.Sprintf("socket,id=control,fd=%d", fdControl),
		"-device", "virtserialport,bus=vser.0,nr=1,name=ctl,chardev=control",
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", fdConsole), "-serial", "chardev:console",
	}
}

// nicPairs are network cards wired in pairs by a hub inside QEMU.
type nicPairs int

func (n nicPairs) args() (a []string) {
	for i := range 2 * int(n) {
		id := "nic" + strconv.Itoa(i)
		a = append(a,
			"-netdev", fmt.Sprintf("hubport,id=%s,hubid=%d", id, i/2),
			"-device", fmt.Sprintf("virtio-net-pci,netdev=%s,id=%s-dev,romfile=,mac=02:00:00:00:00:%02x,addr=0x%x", id, id, i+1, 8+i))
	}
	return a
}

// userNetwork is a card on QEMU's own network stack.
type userNetwork bool

func (u userNetwork) args() []string {
	if !u {
		return nil
	}
	// No option ROM: reading it costs seconds under TCG and nobody boots from it.
	return []string{"-netdev", "user,id=user", "-device", "virtio-net-pci,netdev=user,id=user-dev,romfile=,mac=" + wire.UserNetworkMAC + ",addr=0x6"}
}

// boot is what only a cold boot needs. A restored machine never reads it again,
// and QEMU starts 10 ms sooner without.
type boot struct{ kernel, initrd, cmdline string }

func (b boot) args() []string {
	return []string{"-kernel", b.kernel, "-initrd", b.initrd, "-append", b.cmdline}
}

// incoming makes QEMU wait for a saved state.
type incoming struct{}

func (incoming) args() []string { return []string{"-incoming", "defer"} }

// raw are further arguments, such as a debugger's stub.
type raw []string

func (r raw) args() []string { return r }

func arguments(devices ...device) (a []string) {
	for _, d := range devices {
		a = append(a, d.args()...)
	}
	return a
}

// cmdline is the kernel's command line. Options that do not change what a test
// sees; mitigations stay, as the verifier's checks depend on them.
func cmdline(shape Shape, accel Accel, extra string) string {
	words := []string{
		"console=ttyS0", "quiet",
		"rdinit=/sbin/init",
		"panic=-1",                 // end at once: a panic is a verdict, not a wait
		"no_timer_check",           // a loaded host makes the check panic ("IO-APIC + timer doesn't work")
		"nokaslr",                  // equal addresses in every boot; clones share them anyway
		"cryptomgr.notests",        // half a second of self-tests
		"i8042.noprobe",            // no keyboard to wait for
		"8250.nr_uarts=1",          // one console
		"rcupdate.rcu_expedited=1", // grace periods in microseconds, not jiffies
		"net.ifnames=0",
	}
	if accel == TCG {
		// Without it two CPUs make the guest fall back to HPET, at ten times the price.
		words = append(words, "tsc=reliable")
	}
	if shape.PossibleCPUs > shape.CPUs {
		words = append(words, "maxcpus="+strconv.Itoa(shape.CPUs))
	}
	if extra != "" {
		words = append(words, extra)
	}
	return strings.Join(words, " ")
}
