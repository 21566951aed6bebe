package load

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
)

// lacks finds out what of a program that was refused the kernel does not have at
// all. The verifier names helpers; what it never got to see is tried with a program
// that does nothing.
func (p *program) lacks(err error, log string) []Lack {
	if id, ok := unknownHelper(log); ok {
		return []Lack{p.o.lack(LackHelper, known.Helper(id))}
	}
	if said(log) {
		return nil
	}
	if !p.refusedEmpty(nil) {
		if errors.Is(err, unix.E2BIG) {
			return []Lack{{What: LackSize}}
		}
		return nil
	}
	for flag := uint32(1); flag != 0 && flag <= p.attr.progFlags; flag <<= 1 {
		if p.attr.progFlags&flag != 0 && !p.refusedEmpty(func(a *progLoad) { a.progFlags &^= flag }) {
			return []Lack{{What: LackProgFlag, Name: known.ProgramFlag(flag)}}
		}
	}
	if features.HaveProgramType(p.spec.Type) != nil {
		return []Lack{p.o.lack(LackProgType, known.ProgramType(p.spec.Type))}
	}
	if p.attr.expectedAttach != 0 && p.spec.Type != ebpf.StructOps {
		return []Lack{p.o.lack(LackAttachType, known.AttachType(p.spec.AttachType))}
	}
	return nil
}

// lack is a Lack, and whether the kernel knows the name all the same.
func (l *Loader) lack(what, name string) Lack {
	enums := map[string][2]string{
		LackHelper:     {"bpf_func_id", "BPF_FUNC_" + strings.TrimPrefix(name, "bpf_")},
		LackProgType:   {"bpf_prog_type", "BPF_PROG_TYPE_" + strings.ToUpper(name)},
		LackMapType:    {"bpf_map_type", "BPF_MAP_TYPE_" + strings.ToUpper(name)},
		LackAttachType: {"bpf_attach_type", "BPF_" + strings.ToUpper(name)},
	}
	e := enums[what]
	return Lack{What: what, Name: name, Known: l.knows(e[0], e[1])}
}

// refusedEmpty tells whether the kernel refuses, without a word, also a program that
// does nothing, of the same type and for the same purpose but for a change.
func (p *program) refusedEmpty(change func(*progLoad)) bool {
	empty, err := nothing(uint32(p.spec.Type))
	if err != nil {
		return false
	}
	a := p.attr
	a.insns, a.insnCnt, a.license = empty.insns, empty.insnCnt, empty.license
	a.progBTF, a.funcInfoCnt, a.lineInfoCnt, a.fdArray = 0, 0, 0, pointer{}
	a.funcInfo, a.lineInfo = pointer{}, pointer{}
	a.funcInfoRecSize, a.lineInfoRecSize = 0, 0
	if change != nil {
		change(&a)
	}
	fd, log, err := a.loadLogged(p.o.statsLevel, logFirst)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err != nil && !said(log)
}

// said tells whether a log has more than figures.
func said(log string) bool {
	for line := range strings.Lines(log) {
		if line = strings.TrimSpace(line); line != "" && !IsFigures(line) {
			return true
		}
	}
	return false
}

// helperNumber is in the verifier's complaint about a helper: "unknown func
// bpf_loop#181", "invalid func unknown#181", and from 6.9 "program of this type
// cannot use helper bpf_loop#181". (kernel/bpf/verifier.c, check_helper_call)
var helperNumber = regexp.MustCompile(`(?m)^(?:unknown func|invalid func|program of this type cannot use helper) [\w ]*#(\d+)`)

// unknownHelper finds the number of a helper that the kernel, or the program's type,
// does not have.
func unknownHelper(log string) (id int, ok bool) {
	all := helperNumber.FindAllStringSubmatch(log, -1)
	if len(all) == 0 {
		return 0, false
	}
	id, err := strconv.Atoi(all[len(all)-1][1])
	return id, err == nil && id < len(helperNames) && id > 0
}

// helperNames has an entry for each number of a helper that is known here.
var helperNames = func() (names []string) {
	for n := 0; strings.HasPrefix(known.Helper(n), "bpf_"); n++ {
		names = append(names, known.Helper(n))
	}
	return names
}()

// absentHelpers are those that the program calls and that the kernel does not know.
func (p *program) absentHelpers() (names []string) {
	has := p.o.constants("bpf_func_id")
	if len(has) == 0 {
		return nil // nothing to tell by
	}
	for i := range p.insns {
		n := int(p.insns[i].Constant)
		if !p.insns[i].IsBuiltinCall() || n <= 0 || n >= len(helperNames) {
			continue
		}
		name := helperNames[n]
		if !has["BPF_FUNC_"+strings.TrimPrefix(name, "bpf_")] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// haveMapType tries a map of a type.
func haveMapType(t ebpf.MapType) bool {
	err := features.HaveMapType(t)
	return err == nil || !errors.Is(err, ebpf.ErrNotSupported)
}
