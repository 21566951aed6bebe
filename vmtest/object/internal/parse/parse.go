// Package parse reads BPF objects, of whatever compiler and age, without trusting
// them: what is no object, or not a whole one, is an error in one line.
package parse

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// An Object is a BPF object as its compiler left it.
type Object struct {
	Spec *ebpf.CollectionSpec
	// Kconfig and Ksyms are what the object expects to find in the kernel:
	// settings, and variables and functions; nil for none.
	Kconfig, Ksyms *btf.Datasec
	// Weak are the names of those that may be absent.
	Weak map[string]bool
}

// A FormatError says that bytes are no object that a kernel of this machine could
// be given, and what the user can do about it.
type FormatError struct {
	Reason string
	// Object tells that they are an object all the same, and a whole one.
	Object bool
}

// Error implements error.
func (e *FormatError) Error() string { return e.Reason }

// formatError makes a FormatError.
func formatError(format string, args ...any) error {
	return &FormatError{Reason: fmt.Sprintf(format, args...)}
}

// unreadable is the error of an object that its reader does not understand.
func unreadable(format string, args ...any) error {
	return &FormatError{Reason: fmt.Sprintf(format, args...), Object: true}
}

// maxInstructions is far more than any kernel takes in one program, and is what
// keeps a small file from becoming a large one in memory: functions are copied into
// each program that calls them.
const maxInstructions = 8 << 20

// Bytes reads an object. Its errors are of type *FormatError if the bytes are at
// fault. It does not keep the bytes.
func Bytes(data []byte) (o *Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			o, err = nil, unreadable("is damaged in a way that its reader does not expect: %v%s", p, where(debug.Stack()))
		}
	}()
	if err := checkHeader(data); err != nil {
		return nil, err
	}
	data, weak, err := normalize(data)
	if err != nil {
		return nil, err
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, unreadable("cannot be read as a BPF object: %s", oneLine(err))
	}
	total := 0
	for _, p := range spec.Programs {
		total += len(p.Instructions)
	}
	if total > maxInstructions {
		return nil, unreadable("is too large: its programs have %d instructions together", total)
	}
	o = &Object{Spec: spec, Weak: weak}
	if spec.Types != nil {
		if o.Kconfig, err = datasec(spec.Types, hiddenKconfig); err != nil {
			return nil, err
		}
		if err := o.layOut(); err != nil {
			return nil, err
		}
		if o.Ksyms, err = datasec(spec.Types, hiddenKsyms); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// datasec returns the types of a section, nil if there is none.
func datasec(types *btf.Spec, name string) (*btf.Datasec, error) {
	var ds *btf.Datasec
	err := types.TypeByName(name, &ds)
	if errors.Is(err, btf.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, formatError("has no sound types for section %s: %s", name, oneLine(err))
	}
	return ds, nil
}

// layOut says where in their map the settings are: one after the other, aligned as
// the largest number would be.
func (o *Object) layOut() error {
	if o.Kconfig == nil {
		return nil
	}
	at := uint32(0)
	for i := range o.Kconfig.Vars {
		v := &o.Kconfig.Vars[i]
		extern, ok := v.Type.(*btf.Var)
		if !ok {
			return formatError("has %s among the kernel's settings, which is no variable", v.Type.TypeName())
		}
		size, err := btf.Sizeof(extern.Type)
		const most = 1 << 16
		if err != nil || size > most {
			return formatError("wants a setting %s of the kernel that has no size, or too large a one", extern.Name)
		}
		const align = 8
		at = (at + align - 1) &^ (align - 1)
		v.Offset, v.Size = at, uint32(size)
		at += uint32(size)
	}
	o.Kconfig.Size = max(at, 1)
	return nil
}

// oneLine is an error's text in one line.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// where names the function that panicked, for whoever mends its reader.
func where(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+2 < len(lines) {
			name, _, _ := strings.Cut(lines[i+2], "(")
			return " (in " + name + ")"
		}
	}
	return ""
}

// Programs returns the names of the object's programs, sorted.
func (o *Object) Programs() []string { return slices.Sorted(maps.Keys(o.Spec.Programs)) }

// Extern returns the entry of a section of externs, nil if there is none.
func Extern(ds *btf.Datasec, name string) btf.Type {
	if ds == nil {
		return nil
	}
	for _, v := range ds.Vars {
		if v.Type.TypeName() == name {
			return v.Type
		}
	}
	return nil
}

// isBPF tells whether a header is that of a BPF object. Compilers before clang 4
// named no machine.
func isBPF(h *elf.Header64) bool {
	m := elf.Machine(h.Machine)
	return elf.Type(h.Type) == elf.ET_REL && (m == elf.EM_BPF || m == elf.EM_NONE)
}

// header reads the ELF header, in whatever byte order it is.
func header(data []byte) (h elf.Header64, order binary.ByteOrder) {
	order = binary.LittleEndian
	if elf.Data(data[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	_, _ = binary.Decode(data, order, &h) // the caller has seen that there is enough
	return h, order
}
