package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

var native = binary.LittleEndian

// relocate adapts the instructions to the kernel's types, as far as they say that
// they depend on them (CO-RE). What finds nothing becomes an instruction that the
// verifier refuses if it is ever reached.
func (p *program) relocate(r *Result) error {
	var relos []*btf.CORERelocation
	var at []*asm.Instruction
	var offsets []int
	for iter := p.insns.Iterate(); iter.Next(); {
		if relo := btf.CORERelocationMetadata(iter.Ins); relo != nil {
			relos, at, offsets = append(relos, relo), append(at, iter.Ins), append(offsets, int(iter.Offset))
		}
	}
	if len(relos) == 0 {
		return nil
	}
	targets, err := p.o.targets()
	if errors.Is(err, errNoTypes) {
		return &fault{stage: StageCORE, kind: KindNoTypes, subject: p.describe(relos[0]), err: err}
	}
	if err != nil {
		return &fault{stage: StageCORE, kind: KindBroken, err: err}
	}
	fixups, err := btf.CORERelocate(relos, targets, native, p.types.Add)
	if err != nil {
		return p.blame(relos, targets, err)
	}
	for i := range fixups {
		r.Relocations = append(r.Relocations, p.relocation(relos[i], &fixups[i], offsets[i], targets))
		if err := fixups[i].Apply(at[i]); err != nil {
			return &fault{stage: StageCORE, kind: KindIncompatible, subject: p.describe(relos[i]), err: err}
		}
	}
	return nil
}

// blame finds the relocation that does not work.
func (p *program) blame(relos []*btf.CORERelocation, targets []*btf.Spec, err error) error {
	f := &fault{stage: StageCORE, kind: KindIncompatible, err: err}
	for _, relo := range relos {
		var b btf.Builder
		if _, err := btf.CORERelocate([]*btf.CORERelocation{relo}, targets, native, b.Add); err != nil {
			f.subject, f.err = p.describe(relo), err
			break
		}
	}
	return f
}

func (p *program) relocation(relo *btf.CORERelocation, fixup *btf.COREFixup, offset int, targets []*btf.Spec) Relo {
	kind, path := p.path(relo)
	_, result, _ := strings.Cut(fixup.String(), "=")
	r := Relo{Instruction: offset, Kind: kind, Name: path.String(), Result: result}
	if result == "poison" {
		r.Result = "nothing"
		r.Missing = path.missing(targets)
	}
	return r
}

func (p *program) describe(relo *btf.CORERelocation) string {
	_, path := p.path(relo)
	return path.String()
}

// path reads a relocation. Its fields are to be had only as text:
// CORERelocation(byte_off, Struct:"task_struct"[0:3], local_id=7).
func (p *program) path(relo *btf.CORERelocation) (kind string, path corePath) {
	text := strings.TrimSuffix(strings.TrimPrefix(relo.String(), "CORERelocation("), ")")
	kind, rest, _ := strings.Cut(text, ", ")
	rest, id, ok := strings.Cut(rest, "], local_id=")
	i := strings.LastIndexByte(rest, '[')
	n, err := strconv.ParseUint(id, 10, 32)
	if !ok || i < 0 || err != nil {
		return kind, corePath{text: text}
	}
	typ, err := p.o.Spec.Types.TypeByID(btf.TypeID(n))
	if err != nil {
		return kind, corePath{text: text}
	}
	var accessor []int
	for s := range strings.SplitSeq(rest[i+1:], ":") {
		n, _ := strconv.Atoi(s) // they were printed as numbers
		accessor = append(accessor, n)
	}
	return kind, newCorePath(kind, typ, accessor)
}

// A corePath is what a relocation is about: a type, and a way into it.
type corePath struct {
	root  btf.Type
	steps []coreStep
	text  string // if that is all there is
}

type coreStep struct {
	of   btf.Type // that has the member
	name string   // of the member or the constant; "" for an element
	text string   // how it is written: .pid, [2]
}

func newCorePath(kind string, typ btf.Type, accessor []int) corePath {
	p := corePath{root: typ}
	if e, ok := btf.As[*btf.Enum](typ); ok && strings.HasPrefix(kind, "enumval") {
		if n := accessor[0]; n < len(e.Values) {
			p.steps = []coreStep{{e, e.Values[n].Name, "." + e.Values[n].Name}}
		}
		return p
	}
	at := btf.UnderlyingType(typ)
	if len(accessor) > 0 {
		accessor = accessor[1:] // the first is for arrays of the type
	}
	for _, n := range accessor {
		var members []btf.Member
		switch t := at.(type) {
		case *btf.Struct:
			members = t.Members
		case *btf.Union:
			members = t.Members
		case *btf.Array:
			p.steps = append(p.steps, coreStep{at, "", fmt.Sprintf("[%d]", n)})
			at = btf.UnderlyingType(t.Type)
			continue
		}
		if n >= len(members) {
			return p
		}
		p.steps = append(p.steps, coreStep{at, members[n].Name, "." + members[n].Name})
		at = btf.UnderlyingType(members[n].Type)
	}
	return p
}

// essential takes off what distinguishes a variant of a type: task_struct___old.
func essential(name string) string {
	if i := strings.LastIndex(name, "___"); i > 0 {
		return name[:i]
	}
	return name
}

// TypeText writes a type as C does: struct task_struct.
func typeText(t btf.Type) string {
	name := essential(t.TypeName())
	switch t.(type) {
	case *btf.Struct:
		return "struct " + name
	case *btf.Union:
		return "union " + name
	case *btf.Enum:
		return "enum " + name
	}
	return name
}

// String writes it as C does: struct task_struct.se.sum_exec_runtime.
func (p corePath) String() string {
	if p.root == nil {
		return p.text
	}
	s := typeText(p.root)
	for _, step := range p.steps {
		if step.text != "." { // of an unnamed struct within
			s += step.text
		}
	}
	return s
}

// missing says what of the path the targets do not have.
func (p corePath) missing(targets []*btf.Spec) string {
	if p.root == nil {
		return p.text
	}
	var roots []btf.Type
	for _, spec := range targets {
		types, _ := spec.AnyTypesByName(essential(p.root.TypeName())) // fails only if there are none
		for _, t := range types {
			if sameKind(t, p.root) {
				roots = append(roots, t)
			}
		}
	}
	if len(roots) == 0 {
		return typeText(p.root)
	}
	at := roots[len(roots)-1]
	for _, step := range p.steps {
		next, ok := member(at, step.name)
		if step.name != "" && !ok {
			return fmt.Sprintf("%s in %s", step.name, nameOf(at, p))
		}
		if ok {
			at = next
		}
	}
	return p.String() + " of the kind that is expected"
}

// nameOf names the type a member is missing in; for one without a name, the whole.
func nameOf(t btf.Type, p corePath) string {
	if t.TypeName() == "" {
		return typeText(p.root)
	}
	return typeText(t)
}

func sameKind(a, b btf.Type) bool { return fmt.Sprintf("%T", a) == fmt.Sprintf("%T", b) }

// member finds a member by name, also in unnamed structs within.
func member(t btf.Type, name string) (btf.Type, bool) {
	var members []btf.Member
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = t.Members
	case *btf.Union:
		members = t.Members
	case *btf.Enum:
		for _, v := range t.Values {
			if v.Name == name {
				return t, true
			}
		}
	}
	for _, m := range members {
		if m.Name == name && name != "" {
			return m.Type, true
		}
		if m.Name == "" {
			if found, ok := member(m.Type, name); ok {
				return found, true
			}
		}
	}
	return nil, false
}
