package cause

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
)

// at returns the instruction of a number, as the kernel counts them.
func (t *teller) at(number int) *asm.Instruction {
	program := t.object.Spec.Programs[t.result.Program]
	if program == nil {
		return nil
	}
	for iter := program.Instructions.Iterate(); iter.Next(); {
		if int(iter.Offset) == number {
			return iter.Ins
		}
	}
	return nil
}

// source returns the line of the source that an instruction is of.
func (t *teller) source(number int) string {
	program := t.object.Spec.Programs[t.result.Program]
	if program == nil {
		return ""
	}
	var line *btf.Line
	function := ""
	for iter := program.Instructions.Iterate(); iter.Next() && int(iter.Offset) <= number; {
		if s := iter.Ins.Symbol(); s != "" {
			function, line = s, nil
		}
		if l, ok := iter.Ins.Source().(*btf.Line); ok {
			line = l
		}
	}
	if line == nil {
		if function == "" {
			return ""
		}
		return fmt.Sprintf("instruction %d, in %s", number, function)
	}
	return strings.TrimSpace(fmt.Sprintf("%s:%d: %s", path.Base(line.FileName()), line.LineNumber(), oneLine(line.Line())))
}

// takesAddresses tells whether the program takes the address of a function, which
// older verifiers do not count among its functions.
func (t *teller) takesAddresses() bool {
	program := t.object.Spec.Programs[t.result.Program]
	return program != nil && slices.ContainsFunc(program.Instructions, func(i asm.Instruction) bool { return i.IsLoadOfFunctionPointer() })
}

// relocation tells of one that found nothing in the kernel's types, if the
// instruction is of such a one.
func (t *teller) relocation(number int) string {
	for i := range t.result.Relocations {
		r := &t.result.Relocations[i]
		if r.Instruction == number && r.Failed() {
			return fmt.Sprintf("CO-RE: it needs %s, and this kernel's types have no %s", r.Name, r.Missing)
		}
	}
	return ""
}

// missingCall tells of a call of a function that need not be there, is not, and is
// called all the same.
func (t *teller) missingCall(words string, number int) string {
	ins := t.at(number)
	if ins == nil || !strings.Contains(words, "invalid func unknown#") {
		return ""
	}
	name := ins.Reference()
	if name == "" || !t.object.Weak[name] {
		return ""
	}
	return fmt.Sprintf("%s, and it is called all the same", t.since("kernel function (kfunc) "+name, known.FunctionSince(name)))
}

// refusedForm are complaints about what an instruction is, not what it does. Kernels
// say these of instructions that later ones have.
var refusedForm = []string{
	"unknown opcode ", "uses reserved fields", "unknown insn class", "invalid BPF_LD_IMM insn", "unrecognized bpf_ld_imm64 insn",
	"invalid insn", "BPF_ALU uses reserved fields", "invalid BPF_ALU opcode", "invalid BPF_JMP", "kernel function call",
}

func isForm(words string) bool {
	return slices.ContainsFunc(refusedForm, func(r string) bool { return strings.Contains(words, r) })
}

// newForms tells of all instructions that came after this kernel, when it refuses
// the form of one and does not say which.
func (t *teller) newForms(words string) string {
	program := t.object.Spec.Programs[t.result.Program]
	if !isForm(words) || program == nil {
		return ""
	}
	var all []string
	for i := range program.Instructions {
		what, since := form(&program.Instructions[i])
		if since == "" || !t.kernel.before(versionOf(since)) {
			continue
		}
		if s := t.since(what, since); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// instruction tells since when kernels have an instruction whose form is refused.
func (t *teller) instruction(words string, number int) string {
	ins := t.at(number)
	if !isForm(words) || ins == nil {
		return ""
	}
	what, since := form(ins)
	if since == "" || !t.kernel.before(versionOf(since)) {
		return ""
	}
	return t.since(what, since)
}

// Source registers that say what a constant means, and other parts of encodings
// that are not in the library (include/uapi/linux/bpf.h).
const (
	pseudoTypeID = 3
	mayGoto      = asm.OpCode(0xe5) // BPF_JMP | BPF_JCOND
	longGoto     = asm.OpCode(0x06) // BPF_JMP32 | BPF_JA
	acquire      = 0x100            // BPF_LOAD_ACQ
	release      = 0x110            // BPF_STORE_REL
)

// form says what is new about an instruction, and since when; "" for what all
// kernels from 4.19 on have. (Documentation/bpf/standardization/instruction-set.rst)
func form(ins *asm.Instruction) (what, since string) {
	op := ins.OpCode
	switch class := op.Class(); {
	case ins.IsKfuncCall():
		return "calls of kernel functions (kfunc)", "5.13"
	case ins.IsLoadOfFunctionPointer():
		return "addresses of functions, for callbacks", "5.13"
	case op.IsDWordLoad() && ins.Src == pseudoTypeID:
		return "addresses of the kernel's variables", "5.10"
	case op.IsDWordLoad() && ins.Src == asm.PseudoMapValue:
		return "global data", "5.2"
	case op == mayGoto:
		return "instruction may_goto", "6.9"
	case op == longGoto:
		return "instruction gotol (instruction set v4)", "6.6"
	case class == asm.Jump32Class:
		return "jumps on 32 bits (instruction set v3)", "5.1"
	case class == asm.StXClass && op.Mode() == asm.AtomicMode:
		return atomic(ins)
	case class == asm.LdXClass && op.Mode() == asm.MemSXMode:
		return "loads that extend the sign (instruction set v4)", "6.6"
	case class.IsALU():
		return arithmetic(ins)
	}
	return "", ""
}

func atomic(ins *asm.Instruction) (what, since string) {
	switch ins.Constant {
	case acquire, release:
		return "loads and stores that order others (acquire, release)", "6.15"
	case 0:
		return "", "" // addition, of old
	}
	return "atomic operations other than addition, or that return the old value", "5.12"
}

func arithmetic(ins *asm.Instruction) (what, since string) {
	op := ins.OpCode.ALUOp()
	switch {
	case op == asm.SDiv || op == asm.SMod:
		return "signed division (instruction set v4)", "6.6"
	case op == asm.MovSX8 || op == asm.MovSX16 || op == asm.MovSX32:
		return "moves that extend the sign (instruction set v4)", "6.6"
	case op == asm.Swap && ins.OpCode.Class() == asm.ALU64Class:
		return "unconditional byte swaps (instruction set v4)", "6.6"
	}
	return "", ""
}

// contexts are the structures of which programs see the fields.
var contexts = map[ebpf.ProgramType]string{
	ebpf.SocketFilter: "__sk_buff", ebpf.SchedCLS: "__sk_buff", ebpf.SchedACT: "__sk_buff", ebpf.CGroupSKB: "__sk_buff", ebpf.SkSKB: "__sk_buff",
	ebpf.LWTIn: "__sk_buff", ebpf.LWTOut: "__sk_buff", ebpf.LWTXmit: "__sk_buff", ebpf.LWTSeg6Local: "__sk_buff", ebpf.FlowDissector: "__sk_buff",
	ebpf.XDP: "xdp_md", ebpf.SockOps: "bpf_sock_ops", ebpf.SkMsg: "sk_msg_md", ebpf.CGroupSockAddr: "bpf_sock_addr", ebpf.CGroupSock: "bpf_sock",
	ebpf.SkReuseport: "sk_reuseport_md", ebpf.CGroupSysctl: "bpf_sysctl", ebpf.CGroupSockopt: "bpf_sockopt", ebpf.SkLookup: "bpf_sk_lookup",
	ebpf.PerfEvent: "bpf_perf_event_data", ebpf.CGroupDevice: "bpf_cgroup_dev_ctx",
}

// context names the field of the program's context at an offset.
func (t *teller) context(offset int) string {
	program := t.object.Spec.Programs[t.result.Program]
	if program == nil || t.object.Spec.Types == nil {
		return ""
	}
	name := contexts[program.Type]
	var s *btf.Struct
	if name == "" || t.object.Spec.Types.TypeByName(name, &s) != nil {
		return ""
	}
	field := fieldAt(s.Members, uint32(offset))
	if field == "" {
		return ""
	}
	return fmt.Sprintf(" (field %s of struct %s)", field, name)
}

func fieldAt(members []btf.Member, offset uint32) string {
	for _, m := range members {
		size, err := btf.Sizeof(m.Type)
		at := m.Offset.Bytes()
		if err != nil || offset < at || offset >= at+uint32(size) {
			continue
		}
		if m.Name != "" {
			return m.Name
		}
		switch u := btf.UnderlyingType(m.Type).(type) {
		case *btf.Union:
			return fieldAt(u.Members, offset-at)
		case *btf.Struct:
			return fieldAt(u.Members, offset-at)
		}
	}
	return ""
}
