package load

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// A target is a loaded program that others replace, or trace.
type target struct {
	*ebpf.Program
	name  string
	types *btf.Spec // nil if it came without
}

// setTarget finds what the program is to be attached to, if the kernel wants to know
// when it loads it.
func (p *program) setTarget(r *Result) error {
	t := p.spec.Type
	switch {
	case t == ebpf.Extension || t == ebpf.Tracing && p.o.against != nil:
		return p.setProgram()
	case t == ebpf.StructOps:
		return p.setMember()
	}
	want := kernelTarget(p.spec)
	if want == nil {
		return nil
	}
	if p.spec.AttachTo == "" {
		return &fault{stage: StageTarget, kind: KindUnset, subject: p.spec.SectionName, err: fmt.Errorf("section %q names nothing to attach to", p.spec.SectionName)}
	}
	f, err := p.o.find(want.name, want.keep)
	if err != nil {
		return targetFault(want.text, err)
	}
	if f.many {
		r.Notes = append(r.Notes, fmt.Sprintf("several %s are in this kernel: the first is taken", want.text))
	}
	return p.setID(want.text, f)
}

// setID says which type of the kernel the program is attached to.
func (p *program) setID(what string, f found) error {
	p.attr.attachBTFID = uint32(f.id)
	if f.module == "" {
		return nil
	}
	h, err := module(f.module)
	if err != nil {
		return &fault{stage: StageTarget, kind: KindBroken, subject: what, err: err}
	}
	p.keep(h)
	p.attr.attachProgOrBTF = uint32(h.FD())
	return nil
}

// A wanted type of the kernel.
type wanted struct {
	name string
	text string
	keep func(btf.Type) bool
}

// kernelTarget says which type of the kernel stands for what a program is attached
// to; nil if none does.
func kernelTarget(spec *ebpf.ProgramSpec) *wanted {
	to := spec.AttachTo
	switch {
	case spec.Type == ebpf.LSM:
		return &wanted{"bpf_lsm_" + to, "security hook " + to, ofKind[*btf.Func]}
	case spec.Type != ebpf.Tracing:
		return nil
	case spec.AttachType == ebpf.AttachTraceIter:
		return &wanted{"bpf_iter_" + to, "iterator " + to, ofKind[*btf.Func]}
	case spec.AttachType == ebpf.AttachTraceRawTp:
		return &wanted{"btf_trace_" + to, "tracepoint " + to, ofKind[*btf.Typedef]}
	}
	return &wanted{to, "function " + to, ofKind[*btf.Func]}
}

func targetFault(what string, err error) error {
	f := &fault{stage: StageTarget, kind: KindBroken, subject: what, err: fmt.Errorf("%s: %w", what, err)}
	switch {
	case errors.Is(err, errNoTypes):
		f.kind = KindNoTypes
	case errors.Is(err, btf.ErrNotFound):
		f.kind = KindAbsent
	}
	return f
}

// setProgram attaches to another program.
func (p *program) setProgram() error {
	if p.o.against == nil {
		return &fault{
			stage: StageTarget, kind: KindNoProgram, subject: p.spec.AttachTo,
			err: fmt.Errorf("it replaces function %s of another program", p.spec.AttachTo),
		}
	}
	var fn *btf.Func
	err := btf.ErrNotFound
	if p.o.against.types != nil {
		err = p.o.against.types.TypeByName(p.spec.AttachTo, &fn)
	}
	what := fmt.Sprintf("function %s of program %s", p.spec.AttachTo, p.o.against.name)
	if err != nil {
		return targetFault(what, err)
	}
	id, err := p.o.against.types.TypeID(fn)
	if err != nil {
		return targetFault(what, err)
	}
	p.attr.attachBTFID, p.attr.attachProgOrBTF = uint32(id), uint32(p.o.against.FD())
	return nil
}

// setMember finds the table of functions, and the entry in it, that a program of
// type struct_ops implements.
func (p *program) setMember() error {
	table, entry, ok := strings.Cut(p.spec.AttachTo, ":")
	if !ok {
		return &fault{
			stage: StageTarget, kind: KindUnset, subject: p.spec.SectionName,
			err: errors.New("no table of functions in the object refers to it"),
		}
	}
	what := "struct " + essential(table)
	f, err := p.o.find(essential(table), ofKind[*btf.Struct])
	if err != nil {
		return targetFault(what, err)
	}
	if _, err := p.o.find("bpf_struct_ops_"+essential(table), ofKind[*btf.Struct]); err != nil {
		return targetFault("struct_ops "+essential(table), err)
	}
	for i, m := range f.typ.(*btf.Struct).Members {
		if m.Name == entry {
			p.attr.expectedAttach = uint32(i)
			return p.setID(what, f)
		}
	}
	return targetFault(fmt.Sprintf("entry %s of struct %s", entry, essential(table)), btf.ErrNotFound)
}

// loadTarget loads the program that others are attached to.
func (o *object) loadTarget(name string) (*target, error) {
	r := &Result{}
	p, err := o.prepare(name, r)
	defer p.close()
	if err != nil {
		return nil, err
	}
	fd, log, err := p.attr.loadLogged(o.statsLevel, logFirst)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, log)
	}
	loaded, err := ebpf.NewProgramFromFD(fd)
	if err != nil {
		return nil, err
	}
	t := &target{Program: loaded, name: name}
	h, err := loaded.Handle()
	if errors.Is(err, ebpf.ErrNotSupported) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	defer h.Close()
	t.types, err = h.Spec(nil)
	return t, err
}
