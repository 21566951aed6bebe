package load

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// An object is one whose programs are loaded. Its maps are made once, for the first
// program that refers to them.
type object struct {
	*Loader
	*parse.Object
	request   *Request
	maps      map[string]*made
	against   *target
	addresses map[string]uint64 // of kernel symbols, nil if not looked up yet
}

// A fault is what ended a program before it was loaded.
type fault struct {
	stage   Stage
	kind    Kind
	subject string
	err     error
	lacks   []Lack
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// load loads one program and lets go of it again.
func (o *object) load(name string) (r *Result) {
	start := time.Now()
	r = &Result{Program: name}
	defer func() {
		if p := recover(); p != nil {
			r.Accepted = false
			r.Faults = append(r.Faults, Fault{Stage: StageObject, Kind: KindBroken, Message: fmt.Sprintf("panic: %v\n%s", p, debug.Stack())})
		}
		r.Micros = time.Since(start).Microseconds()
	}()
	p, err := o.prepare(name, r)
	defer p.close()
	if err == nil {
		err = p.load(r)
	}
	r.fill(err)
	return r
}

// fill says what ended the program.
func (r *Result) fill(err error) {
	if err == nil {
		r.Accepted = true
		return
	}
	for _, f := range faultsOf(err) {
		r.Faults = append(r.Faults, f.report())
	}
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) && r.Log == "" {
		r.Log = strings.Join(refused.Log, "\n")
	}
}

// faultsOf takes joined errors apart. One that is no fault is the loader's own.
func faultsOf(err error) (all []*fault) {
	switch err := err.(type) {
	case *fault:
		return []*fault{err}
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			all = append(all, faultsOf(e)...)
		}
		return all
	}
	return []*fault{{stage: StageObject, kind: KindBroken, err: err}}
}

func (f *fault) report() Fault {
	return Fault{Stage: f.stage, Kind: f.kind, Subject: f.subject, Message: f.err.Error(), Errno: errnoName(f.err), Lacks: f.lacks}
}

// A program is one on its way into the kernel.
type program struct {
	o     *object
	spec  *ebpf.ProgramSpec
	insns asm.Instructions
	types btf.Builder
	attr  progLoad
	fds   []int32                      // of modules' types, for calls of their functions
	open  []interface{ Close() error } // to be closed after it
}

func (p *program) close() {
	for _, c := range slices.Backward(p.open) {
		_ = c.Close()
	}
}

func (p *program) keep(c interface{ Close() error }) { p.open = append(p.open, c) }

// prepare makes everything ready that the program refers to.
func (o *object) prepare(name string, r *Result) (*program, error) {
	p := &program{o: o}
	spec := o.Spec.Programs[name]
	if spec == nil {
		return p, &fault{stage: StageObject, kind: KindBroken, subject: name, err: fmt.Errorf("the object has no program %s", name)}
	}
	p.spec = spec.Copy()
	p.insns = p.spec.Instructions
	if err := p.setType(r); err != nil {
		return p, err
	}
	// All that is missing is worth knowing, not only the first.
	var faults []error
	for _, step := range []func(*Result) error{p.useMaps, p.useExterns, p.setTarget, p.relocate} {
		faults = append(faults, step(r))
	}
	if err := errors.Join(faults...); err != nil {
		return p, err
	}
	if err := p.giveTypes(r); err != nil {
		return p, err
	}
	return p, p.assemble(r)
}

// setType takes the program's type from the section or from the request.
func (p *program) setType(*Result) error {
	for _, key := range []string{p.spec.Name, p.spec.SectionName} {
		if t, ok := p.o.request.Types[key]; ok {
			byName, ok := known.ProgramTypeNamed(t)
			if !ok {
				return &fault{stage: StageObject, kind: KindUnknown, subject: t, err: fmt.Errorf("unknown program type %s", t)}
			}
			p.spec.Type, p.spec.AttachType, p.spec.AttachTo = byName, 0, ""
			return nil
		}
	}
	if p.spec.Type == ebpf.UnspecifiedProgram {
		return &fault{
			stage: StageObject, kind: KindUnset, subject: p.spec.SectionName,
			err: fmt.Errorf("section %q names no program type", p.spec.SectionName),
		}
	}
	return nil
}

// giveTypes loads the types that the instructions refer to.
func (p *program) giveTypes(*Result) error {
	if !p.o.extInfos {
		return nil
	}
	funcs, lines, err := btf.MarshalExtInfos(p.insns, &p.types)
	if err != nil {
		return &fault{stage: StageBTF, kind: KindUnknown, err: err}
	}
	if p.types.Empty() {
		return nil
	}
	h, err := btf.NewHandle(&p.types)
	if err != nil {
		return &fault{stage: StageBTF, err: err}
	}
	p.keep(h)
	p.attr.progBTF = uint32(h.FD())
	p.attr.funcInfo, p.attr.funcInfoRecSize, p.attr.funcInfoCnt = bytesAt(funcs), btf.FuncInfoSize, uint32(len(funcs))/btf.FuncInfoSize
	p.attr.lineInfo, p.attr.lineInfoRecSize, p.attr.lineInfoCnt = bytesAt(lines), btf.LineInfoSize, uint32(len(lines))/btf.LineInfoSize
	return nil
}

// assemble makes bytes of the instructions.
func (p *program) assemble(r *Result) error {
	if !p.o.readKernel {
		p.readAny(r)
	}
	code, err := marshal(p.insns)
	if err != nil {
		return &fault{stage: StageObject, kind: KindUnknown, err: err}
	}
	a := &p.attr
	a.insns, a.insnCnt = bytesAt(code), uint32(len(code)/asm.InstructionSize)
	a.license = bytesAt(append([]byte(p.spec.License), 0))
	a.progType, a.progFlags, a.expectedAttach = uint32(p.spec.Type), p.spec.Flags, cmpOr(a.expectedAttach, uint32(p.spec.AttachType))
	if a.kernVersion = p.spec.KernelVersion; p.spec.Type == ebpf.Kprobe {
		a.kernVersion = p.o.version // must be right before 5.0 (6c4fc209fcf9)
	}
	copy(a.progName[:len(a.progName)-1], kernelName(p.spec.Name))
	r.Instructions = int(a.insnCnt)
	return nil
}

func cmpOr(a, b uint32) uint32 {
	if a != 0 {
		return a
	}
	return b
}

// kernelName keeps of a name what the kernel takes.
func kernelName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, strings.ReplaceAll(name, ".", "_"))
}

func marshal(insns asm.Instructions) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, insns.Size()))
	err := insns.Marshal(buf, native)
	return buf.Bytes(), err
}

// readAny replaces the helpers that kernels before 5.5 do not have by what they
// have in their place, as all loaders do.
func (p *program) readAny(r *Result) {
	older := map[asm.BuiltinFunc]asm.BuiltinFunc{
		asm.FnProbeReadKernel: asm.FnProbeRead, asm.FnProbeReadUser: asm.FnProbeRead,
		asm.FnProbeReadKernelStr: asm.FnProbeReadStr, asm.FnProbeReadUserStr: asm.FnProbeReadStr,
	}
	replaced := map[asm.BuiltinFunc]bool{}
	for i := range p.insns {
		fn := asm.BuiltinFunc(p.insns[i].Constant)
		if by, ok := older[fn]; ok && p.insns[i].IsBuiltinCall() {
			p.insns[i].Constant = int64(by)
			replaced[fn] = true
		}
	}
	for _, fn := range slices.Sorted(maps.Keys(replaced)) {
		r.Notes = append(r.Notes, fmt.Sprintf("%s replaced by %s, which this kernel has in its place", known.Helper(int(fn)), known.Helper(int(older[fn]))))
	}
}

// load gives the program to the kernel.
func (p *program) load(r *Result) error {
	fd, log, err := p.attr.loadLogged(p.o.statsLevel, logFirst)
	r.Log = log
	r.Figures.fromLog(log)
	if err == nil {
		if p.o.request.Whole {
			p.again(r, logAll)
		}
		return r.Figures.fromKernel(fd)
	}
	f := &fault{stage: StageLoad, err: err}
	if !tooComplex(log) || p.o.request.Whole {
		p.again(r, logPath)
	}
	f.lacks = p.lacks(err, r.Log)
	r.Absent = p.absentHelpers()
	return f
}

// again loads once more, for the log of a level.
func (p *program) again(r *Result, level uint32) {
	fd, log, err := p.attr.loadLogged(level|p.o.statsLevel, logSize)
	if err == nil {
		_ = unix.Close(fd)
	}
	if log != "" {
		r.Log = log
	}
}

// tooComplex tells that the kernel gave up: to ask once more would take as long
// again, and tell nothing new.
func tooComplex(log string) bool {
	return strings.Contains(log, "BPF program is too large.") || strings.Contains(log, "jumps is too complex")
}
