// Package guest is what a program may ask when it runs inside a lab VM.
//
// It imports almost nothing and works the same, that is to say does nothing,
// outside one.
package guest

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// EnvKernel names, inside a VM, the kernel as the user asked for it.
const EnvKernel = "ASSAY_KERNEL"

// EnvSlowdown is how many times slower than a real machine this one may be, such
// as "4": what a program waits for others should be stretched by it.
const EnvSlowdown = "ASSAY_SLOWDOWN"

// ParkArg, as the only argument, tells a program that it is started ahead of its
// command. An argument, unlike a variable, is not inherited by what it starts.
const ParkArg = "assay-park"

// parkFD is where a zygote waits: the first descriptor after the standard ones.
const parkFD = 3

// Inside reports whether this process runs inside a lab VM.
func Inside() bool { return os.Getenv(EnvKernel) != "" }

// Ahead reports whether this program is started ahead of its command, and so is to
// call Park.
func Ahead() bool { return len(os.Args) == 2 && os.Args[1] == ParkArg }

// Park makes a program quick to start. Run ahead of its command, when the VM is
// made ready to be cloned, it stops here; each clone goes on from here with the
// arguments, environment and directory of its command, having paid nothing for
// the start of the process. Run in any other way, Park returns at once.
//
// Call it before anything that depends on the arguments, the environment, the
// time or random numbers. Park must be called once, and no other goroutine may
// run by then.
func Park() {
	if !Ahead() {
		return
	}
	q, err := waitForCommand()
	if err != nil {
		println("park: " + err.Error())
		os.Exit(125)
	}
	os.Args = q.Argv
	setEnv(q.Env)
	if err := os.Chdir(q.Dir); err != nil { // the host always names one
		println("park: " + err.Error())
		os.Exit(125)
	}
	parked = true
}

// parked tells that the process went on from Park as a command of a clone.
var parked bool

// Exit ends the program with a status, as os.Exit does. In a command that went on
// from Park the process itself stays, asleep: its machine is about to go anyway,
// and to take the process down would cost every clone a tenth of its time.
func Exit(status int) {
	if !parked {
		os.Exit(status)
	}
	record := binary.BigEndian.AppendUint32(nil, uint32(status))
	if _, err := syscall.Write(parkFD, record); err != nil {
		os.Exit(status)
	}
	for {
		_ = syscall.Pause() // returns only for a signal that has a handler
	}
}

// setEnv makes the environment what it is to be. Mostly it is so already, and then
// it is left alone: Go does a lot for some variables, and C more.
func setEnv(env []string) {
	if slices.Equal(env, os.Environ()) {
		return
	}
	os.Clearenv()
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" {
			_ = os.Setenv(k, v) // fails for what no process can have in its environment
		}
	}
}

func waitForCommand() (q wire.RunBody, err error) {
	Settle()
	if _, err := syscall.Write(parkFD, []byte{'P'}); err != nil {
		return q, os.NewSyscallError("write", err)
	}
	var size [4]byte
	if err := readFull(size[:]); err != nil {
		return q, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if err := readFull(body); err != nil {
		return q, err
	}
	syscall.CloseOnExec(parkFD)
	return q, q.Unmarshal(body)
}

// readFull reads with plain system calls: no poller is set up for this.
func readFull(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Read(parkFD, b)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return syscall.EPIPE
		default:
			b = b[n:]
		}
	}
	return nil
}

// Settle makes the Go runtime ready to be frozen: garbage is collected now, and not
// by every clone, and the allocator's caches are filled again after that.
func Settle() {
	runtime.GC()
	for size := 8; size <= 2048; size += size / 2 {
		bytesSink = make([]byte, size)
		pointersSink = make([]*byte, size/8)
	}
	bytesSink, pointersSink = nil, nil
}

// The sinks keep what Settle allocates on the heap.
var (
	bytesSink    []byte
	pointersSink []*byte
)
