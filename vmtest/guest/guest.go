// Package guest is what a program may ask when it runs inside a lab VM.
//
// It imports almost nothing and works the same, that is to say does nothing,
// outside one.
package guest

import (
	"encoding/binary"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// EnvKernel names, inside a VM, the kernel as the user asked for it.
const EnvKernel = "ASSAY_KERNEL"

// EnvZygote tells a program that it is started ahead of its command.
const EnvZygote = "ASSAY_ZYGOTE"

// parkFD is where a zygote waits: the first descriptor after the standard ones.
const parkFD = 3

// Inside reports whether this process runs inside a lab VM.
func Inside() bool { return os.Getenv(EnvKernel) != "" }

// Park makes a program quick to start. Run ahead of its command, when the VM is
// made ready to be cloned, it stops here; each clone goes on from here with the
// arguments, environment and directory of its command, having paid nothing for
// the start of the process. Run in any other way, Park returns at once.
//
// Call it before anything that depends on the arguments, the environment, the
// time or random numbers. Park must be called once, and no other goroutine may
// run by then.
func Park() {
	if os.Getenv(EnvZygote) == "" {
		return
	}
	q, err := waitForCommand()
	if err != nil {
		println("park: " + err.Error())
		os.Exit(125)
	}
	os.Args = q.Argv
	os.Clearenv()
	for _, kv := range q.Env {
		if k, v, ok := strings.Cut(kv, "="); ok {
			_ = os.Setenv(k, v) // fails for an empty name only, which exec would pass on and nobody reads
		}
	}
	if err := os.Chdir(q.Dir); err != nil { // the host always names one
		println("park: " + err.Error())
		os.Exit(125)
	}
}

func waitForCommand() (q wire.RunBody, err error) {
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
	_ = syscall.Close(parkFD)
	return q, q.Unmarshal(body)
}

// readFull blocks without telling the scheduler: nothing else is to run, and not
// waking a second thread is worth 5 ms in a fresh clone.
func readFull(b []byte) error {
	for len(b) > 0 {
		n, _, e := syscall.RawSyscall(syscall.SYS_READ, parkFD, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch {
		case e == syscall.EINTR:
		case e != 0:
			return os.NewSyscallError("read", e)
		case n == 0:
			return syscall.EPIPE
		default:
			b = b[n:]
		}
	}
	return nil
}
