package load

import (
	"bytes"
	"errors"
	"runtime"
	"unsafe"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// progLoad is the part of union bpf_attr for BPF_PROG_LOAD (include/uapi/linux/bpf.h).
// Kernels accept more than they know as long as it is zero.
type progLoad struct {
	progType        uint32
	insnCnt         uint32
	insns           pointer
	license         pointer
	logLevel        uint32
	logSize         uint32
	logBuf          pointer
	kernVersion     uint32
	progFlags       uint32
	progName        [unix.BPF_OBJ_NAME_LEN]byte
	progIfindex     uint32
	expectedAttach  uint32
	progBTF         uint32
	funcInfoRecSize uint32
	funcInfo        pointer
	funcInfoCnt     uint32
	lineInfoRecSize uint32
	lineInfo        pointer
	lineInfoCnt     uint32
	attachBTFID     uint32
	attachProgOrBTF uint32
	coreReloCnt     uint32
	fdArray         pointer
	coreRelos       pointer
	coreReloRecSize uint32
	logTrueSize     uint32 // written by the kernel (6.4, 47a71c1f9af0)
}

// A pointer is one in a structure of the system call interface: 64 bits everywhere.
type pointer struct{ p unsafe.Pointer }

// bytesAt points to a slice; nil for an empty one.
func bytesAt[T any](s []T) pointer {
	if len(s) == 0 {
		return pointer{}
	}
	return pointer{unsafe.Pointer(&s[0])}
}

// maxTries is how often a verification is begun again that a signal has ended.
const maxTries = 30

// load makes the call. It returns the descriptor of the program.
func (a *progLoad) load() (int, error) {
	for try := 1; ; try++ {
		fd, _, e := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(a)), unsafe.Sizeof(*a))
		runtime.KeepAlive(a)
		if e == 0 {
			return int(fd), nil
		}
		if interrupted := e == unix.EAGAIN || e == unix.EINTR; !interrupted || try == maxTries {
			return -1, e
		}
	}
}

// What the verifier logs is a set of these (include/linux/bpf_verifier.h).
const (
	logPath  = 1 // instructions and states on the path that failed
	logAll   = 2 // on all paths
	logStats = 4 // the figures (5.2, 06ee7115b0d1)
)

// Sizes of the buffer for the log: at first, for the path, and at most. A log that
// is larger than that shows its end, or on kernels before 6.4 its beginning.
const (
	logFirst = 64 << 10
	logSize  = 1 << 20
	logMost  = 64 << 20
)

// loadLogged loads with a log of a level and returns it too. The buffer grows until
// the log fits.
func (a *progLoad) loadLogged(level uint32, size int) (fd int, log string, err error) {
	a.logLevel = level
	for {
		buf := make([]byte, size)
		a.logSize, a.logBuf, a.logTrueSize = uint32(size), bytesAt(buf), 0
		fd, err = a.load()
		log = text(buf)
		if !errors.Is(err, unix.ENOSPC) || size == logMost {
			return fd, log, err
		}
		size = min(max(8*size, int(a.logTrueSize)), logMost)
	}
}

func text(buf []byte) string {
	if i := bytes.IndexByte(buf, 0); i >= 0 {
		buf = buf[:i]
	}
	return string(buf)
}

// nothing is a program that does nothing.
func nothing(t uint32) (*progLoad, error) {
	insns, err := marshal(asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()})
	if err != nil {
		return nil, err
	}
	return &progLoad{progType: t, insnCnt: uint32(len(insns) / asm.InstructionSize), insns: bytesAt(insns), license: bytesAt(gpl)}, nil
}

var gpl = []byte("GPL\x00")

const socketFilter = unix.BPF_PROG_TYPE_SOCKET_FILTER

// probeStatsLevel returns the level that logs figures, and not more if the kernel
// can do that: those before 5.2 take any level for one of the amount.
func probeStatsLevel() (uint32, error) {
	a, err := nothing(socketFilter)
	if err != nil {
		return 0, err
	}
	fd, log, err := a.loadLogged(logStats, logFirst)
	if err != nil {
		return 0, err
	}
	_ = unix.Close(fd)
	if bytes.Contains([]byte(log), []byte("0: (b7)")) {
		return logPath, nil
	}
	return logStats, nil
}

// probeExtInfos loads a program with the type of its function.
func probeExtInfos() error {
	fn := &btf.Func{Name: "nothing", Type: &btf.FuncProto{Return: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}}, Linkage: btf.GlobalFunc}
	insns := asm.Instructions{btf.WithFuncMetadata(asm.Mov.Imm(asm.R0, 0).WithSymbol("nothing"), fn), asm.Return()}
	var b btf.Builder
	funcs, _, err := btf.MarshalExtInfos(insns, &b)
	if err != nil {
		return err
	}
	types, err := btf.NewHandle(&b)
	if err != nil {
		return err
	}
	defer types.Close()
	a, err := nothing(socketFilter)
	if err != nil {
		return err
	}
	a.progBTF, a.funcInfo, a.funcInfoRecSize, a.funcInfoCnt = uint32(types.FD()), bytesAt(funcs), btf.FuncInfoSize, 1
	fd, err := a.load()
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
