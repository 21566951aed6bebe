package load

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// useExterns finds what the program expects of the kernel: its settings, variables
// and functions.
func (p *program) useExterns(*Result) error {
	var faults []error
	var settings *ebpf.Map
	modules := map[string]int{} // index in the array of descriptors
	for i := range p.insns {
		ins := &p.insns[i]
		name := ins.Reference()
		if name == "" || ins.Map() != nil {
			continue
		}
		var err error
		if ins.OpCode.IsDWordLoad() && parse.Extern(p.o.Kconfig, name) != nil {
			if settings == nil {
				settings, err = p.settings()
			}
			if err == nil {
				err = useSetting(ins, settings, p.o.Kconfig, name)
			}
		} else if extern := parse.Extern(p.o.Ksyms, name); extern != nil {
			err = p.useSymbol(ins, name, extern, modules)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// useSetting makes an instruction load the address of a setting.
func useSetting(ins *asm.Instruction, m *ebpf.Map, ds *btf.Datasec, name string) error {
	for _, v := range ds.Vars {
		if v.Type.TypeName() == name {
			ins.Constant = int64(uint64(v.Offset) << 32)
		}
	}
	ins.Src = asm.PseudoMapValue
	if err := ins.AssociateMap(m); err != nil {
		return &fault{stage: StageExtern, kind: KindUnknown, subject: name, err: err}
	}
	return nil
}

// settings makes the map with the kernel's settings.
func (p *program) settings() (*ebpf.Map, error) {
	data, err := p.o.kconfig()
	if err != nil {
		return nil, err
	}
	spec := &ebpf.MapSpec{
		Name: ".kconfig", Type: ebpf.Array, KeySize: 4, ValueSize: uint32(len(data)), MaxEntries: 1,
		Flags: unix.BPF_F_RDONLY_PROG, Contents: []ebpf.MapKV{{Key: uint32(0), Value: data}},
	}
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return nil, mapFault(spec.Name, spec, err)
	}
	p.keep(m)
	return m, nil
}

// useSymbol makes an instruction refer to a function or a variable of the kernel.
func (p *program) useSymbol(ins *asm.Instruction, name string, extern btf.Type, modules map[string]int) error {
	weak := p.o.Weak[name]
	switch t := extern.(type) {
	case *btf.Func:
		return p.useFunction(ins, name, t, weak, modules)
	case *btf.Var:
		if _, untyped := btf.UnderlyingType(t.Type).(*btf.Void); untyped {
			return p.useAddress(ins, name, weak)
		}
		return p.useVariable(ins, name, weak)
	}
	return &fault{stage: StageExtern, kind: KindUnknown, subject: name, err: fmt.Errorf("extern %s is neither function nor variable", name)}
}

// missingFunction is in the call of a function that there is not and that need not
// be there: no helper has that number.
const missingFunction = 0xdedc0de

func (p *program) useFunction(ins *asm.Instruction, name string, local *btf.Func, weak bool, modules map[string]int) error {
	f, err := p.o.find(essential(name), ofKind[*btf.Func])
	call := ins.OpCode.JumpOp() == asm.Call
	switch {
	case absent(err) && weak && call:
		*ins = replaced(ins, asm.BuiltinFunc(missingFunction).Call())
		return nil
	case absent(err) && weak:
		*ins = replaced(ins, asm.LoadImm(ins.Dst, 0, asm.DWord))
		return nil
	case err != nil:
		return externFault(name, err)
	}
	if err := btf.CheckTypeCompatibility(local.Type, f.typ.(*btf.Func).Type); err != nil {
		return &fault{stage: StageExtern, kind: KindIncompatible, subject: name, err: fmt.Errorf("function %s: %w", name, err)}
	}
	if !call {
		return p.useID(ins, f)
	}
	index, err := p.moduleIndex(f.module, modules)
	if err != nil {
		return &fault{stage: StageExtern, kind: KindBroken, subject: name, err: err}
	}
	with := *ins
	with.Src, with.Constant, with.Offset = asm.PseudoKfuncCall, int64(f.id), int16(index)
	*ins = replaced(ins, with)
	return nil
}

// moduleIndex is where in the array of descriptors the types of a module are; 0 for
// the kernel itself.
func (p *program) moduleIndex(name string, modules map[string]int) (int, error) {
	if name == "" {
		return 0, nil
	}
	if i, ok := modules[name]; ok {
		return i, nil
	}
	h, err := module(name)
	if err != nil {
		return 0, err
	}
	p.keep(h)
	if len(p.fds) == 0 {
		p.fds = []int32{0} // cannot be referred to
	}
	modules[name] = len(p.fds)
	p.fds = append(p.fds, int32(h.FD()))
	p.attr.fdArray = bytesAt(p.fds)
	return modules[name], nil
}

// pseudoTypeID in an instruction's source register says that it loads the address of
// the variable with that type. (BPF_PSEUDO_BTF_ID, 5.10, 4976b718c355)
const pseudoTypeID = asm.Register(3)

func (p *program) useVariable(ins *asm.Instruction, name string, weak bool) error {
	f, err := p.o.find(name, ofKind[*btf.Var])
	if absent(err) && weak {
		*ins = replaced(ins, asm.LoadImm(ins.Dst, 0, asm.DWord))
		return nil
	}
	if err != nil {
		return externFault(name, err)
	}
	return p.useID(ins, f)
}

// useID makes an instruction load the address of what has a type in the kernel.
func (p *program) useID(ins *asm.Instruction, f found) error {
	with := asm.LoadImm(ins.Dst, int64(f.id), asm.DWord)
	with.Src = pseudoTypeID
	if f.module != "" {
		h, err := module(f.module)
		if err != nil {
			return &fault{stage: StageExtern, kind: KindBroken, subject: f.typ.TypeName(), err: err}
		}
		p.keep(h)
		with.Constant |= int64(h.FD()) << 32
	}
	*ins = replaced(ins, with)
	return nil
}

// useAddress puts an address of the kernel's symbol table in.
func (p *program) useAddress(ins *asm.Instruction, name string, weak bool) error {
	address, err := p.o.address(name)
	if err != nil {
		return &fault{stage: StageExtern, kind: KindBroken, subject: name, err: err}
	}
	if address == 0 && !weak {
		return externFault(name, btf.ErrNotFound)
	}
	*ins = replaced(ins, asm.LoadImm(ins.Dst, int64(address), asm.DWord))
	return nil
}

// replaced is an instruction in another's place: it keeps where that came from, and
// what of it others refer to.
func replaced(old *asm.Instruction, by asm.Instruction) asm.Instruction {
	by.Metadata = asm.Metadata{}
	by = by.WithSource(old.Source())
	if s := old.Symbol(); s != "" {
		by = by.WithSymbol(s)
	}
	if fn := btf.FuncMetadata(old); fn != nil {
		by = btf.WithFuncMetadata(by, fn)
	}
	return by
}

func absent(err error) bool { return errors.Is(err, btf.ErrNotFound) || errors.Is(err, errNoTypes) }

func externFault(name string, err error) error {
	f := &fault{stage: StageExtern, kind: KindBroken, subject: name, err: fmt.Errorf("extern %s: %w", name, err)}
	switch {
	case errors.Is(err, errNoTypes):
		f.kind = KindNoTypes
	case errors.Is(err, btf.ErrNotFound):
		f.kind = KindAbsent
	}
	return f
}
