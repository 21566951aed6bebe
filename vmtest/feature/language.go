package feature

import (
	"errors"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// What programs may be made of, and how they may be run.
var language = []Feature{
	{"atomics", "atomic operations that return the old value", "5.12", "5ca419f2864a", loads("atomic fetch and add", ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R0, 0),
		asm.StoreMem(asm.RFP, -8, asm.R0, asm.DWord),
		asm.FetchAdd.Mem(asm.RFP, asm.R0, asm.DWord, -8),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}})},
	{"bounded_loops", "loops whose end the verifier can see", "5.3", "2589726d12a1", bpf("bounded loops", features.HaveBoundedLoops)},
	{"global_data", "values of maps that programs address directly", "5.2", "591fe9888d78", globalData},
	{"gso_segs_in_cgroup_skb", "field gso_segs of the context, in cgroup_skb", "5.1", "d9ff286a0f59", reads("gso_segs", 164)},
	{"isa_v2", "instruction set v2: more jumps", "4.14", "92b31a9af73b", bpf("instruction set v2", features.HaveV2ISA)},
	{"isa_v3", "instruction set v3: jumps on 32 bits", "5.1", "092ed0968bb6", bpf("instruction set v3", features.HaveV3ISA)},
	{"isa_v4", "instruction set v4: signed division and loads", "6.6", "1f9a1ea821ff", bpf("instruction set v4", features.HaveV4ISA)},
	{"kfunc", "calls of kernel functions", "5.13", "e6ac2450d6de", callsKfunc(0, "is not a function")},
	{"kfunc_module", "calls of functions of modules", "5.16", "2357672c54c3", callsKfunc(1, "fd_array")},
	{"large_programs", "programs of up to a million instructions", "5.2", "c04c0d2b968a", bpf("more than 4096 instructions", features.HaveLargeInstructions)},
	{"skb_access_in_cgroup_skb", "fields data, family, sk and more of the context, in cgroup_skb", "4.20", "b39b5f411dcf", reads("data", 76)},
	{"test_run_live_frames", "test runs of XDP whose frames go out", "5.18", "b530e9e1063e", testRun("flag BPF_F_TEST_XDP_LIVE_FRAMES", ebpf.RunOptions{Data: make([]byte, 64), Flags: unix.BPF_F_TEST_XDP_LIVE_FRAMES, Repeat: 1}, 0)},
	{"test_run_xdp_context", "test runs of XDP with a context", "5.14", "47316f4a3053", testRun("context for XDP", ebpf.RunOptions{Data: make([]byte, 64), Context: make([]byte, 24), Repeat: 1}, drop)},
}

// reads makes a probe of a field of struct __sk_buff.
func reads(field string, offset int16) func() error {
	return loads("field "+field, ebpf.ProgramSpec{Type: ebpf.CGroupSKB, Instructions: asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, offset, asm.Word),
		asm.Mov.Imm(asm.R0, 1),
		asm.Return(),
	}})
}

var globalData = bpf("direct access to a map's value", func() error {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: unix.BPF_F_RDONLY_PROG})
	if err != nil {
		return err
	}
	defer m.Close()
	p, err := load(ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: asm.Instructions{
		asm.LoadMapValue(asm.R1, m.FD(), 0),
		asm.LoadMem(asm.R0, asm.R1, 0, asm.DWord),
		asm.Return(),
	}})
	if err != nil {
		return err
	}
	return p.Close()
}, unix.EINVAL)

// callsKfunc makes a probe that calls a function that there is not. A verifier that
// knows such calls says why it cannot be called; others do not get that far.
func callsKfunc(offset int16, knows string) func() error {
	call := asm.Instruction{OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call), Src: asm.PseudoKfuncCall, Offset: offset, Constant: 1}
	spec := ebpf.ProgramSpec{Type: ebpf.SchedCLS, Instructions: append(asm.Instructions{call}, returns(0)...)}
	return bpf("call of a kernel function", func() error {
		p, err := load(spec)
		if err == nil {
			return errors.Join(errors.New("the verifier lets a program call what is no function"), p.Close())
		}
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) && says(refused, knows) {
			return nil
		}
		return err
	}, unix.EINVAL)
}

const drop = 1 // XDP_DROP

// testRun makes a probe that runs an XDP program on a frame, and drops it. The run
// must return as said: in one with live frames nothing is returned, and a kernel
// that does return something has passed over the flag.
func testRun(what string, opts ebpf.RunOptions, want uint32) func() error {
	return with(what, ebpf.ProgramSpec{Type: ebpf.XDP, Instructions: returns(drop)}, func(p *ebpf.Program) error {
		return apart(unix.CLONE_NEWNET, func() error {
			got, err := p.Run(&opts)
			if err == nil && got != want {
				return absentf("%s: the run returns %d, as one without", what, got)
			}
			return err
		})
	}, unix.EINVAL, unix.E2BIG)
}
