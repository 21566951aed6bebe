package parse

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"
)

// normalize makes an object palatable to its reader, and says which of the symbols
// that it expects of the kernel may be absent. The bytes it returns are a copy if
// anything had to be changed:
//
//   - The sections of externs, .kconfig and .ksyms, get names that the reader does
//     not know, for it refuses whole objects for some that are in them. What refers
//     to externs then is a reference as any other.
//   - Sections of maps that have a prefix, as in lirc_mode2/maps, lose it.
//   - The section .struct_ops, of which the reader knows only the newer form, gets
//     the name of that. The difference is in how the map is attached.
func normalize(data []byte) ([]byte, map[string]bool, error) {
	e := &editor{data: data}
	e.h, _ = header(data)
	weak, err := e.weak()
	if err != nil {
		return nil, nil, err
	}
	e.hideExterns()
	e.plainMaps()
	if err := e.renameStructOps(); err != nil {
		return nil, nil, err
	}
	return e.data, weak, nil
}

// An editor changes an ELF file in memory; its sections lie within it.
type editor struct {
	data  []byte
	h     elf.Header64
	owned bool // data is a copy
}

// edit returns the bytes to change.
func (e *editor) edit() []byte {
	if !e.owned {
		e.data, e.owned = bytes.Clone(e.data), true
	}
	return e.data
}

// find returns the first section of a type, or of a name if it is not empty.
func (e *editor) find(t elf.SectionType, name string) (s elf.Section64, index uint64, ok bool) {
	for i := range uint64(e.h.Shnum) {
		s := sectionAt(e.data, &e.h, i)
		if elf.SectionType(s.Type) == t && (name == "" || e.name(&s) == name) {
			return s, i, true
		}
	}
	return s, 0, false
}

// name is a section's.
func (e *editor) name(s *elf.Section64) string {
	if e.h.Shstrndx >= e.h.Shnum {
		return ""
	}
	table := sectionAt(e.data, &e.h, uint64(e.h.Shstrndx))
	return cString(e.body(&table), s.Name)
}

func (e *editor) body(s *elf.Section64) []byte {
	if elf.SectionType(s.Type) == elf.SHT_NOBITS || elf.SectionType(s.Type) == elf.SHT_NULL {
		return nil
	}
	return e.data[s.Off : s.Off+s.Size]
}

func cString(table []byte, off uint32) string {
	if uint64(off) >= uint64(len(table)) {
		return ""
	}
	text, _, _ := bytes.Cut(table[off:], []byte{0})
	return string(text)
}

// weak returns the names of the undefined symbols that are weak.
func (e *editor) weak() (map[string]bool, error) {
	symtab, _, ok := e.find(elf.SHT_SYMTAB, "")
	if !ok {
		return nil, formatError("has no symbols: it was stripped of too much; use llvm-strip -g at most")
	}
	if uint64(symtab.Link) >= uint64(e.h.Shnum) {
		return nil, formatError("is damaged: its symbols have no names")
	}
	strtab := sectionAt(e.data, &e.h, uint64(symtab.Link))
	weak := map[string]bool{}
	for at := symtab.Off; at+elf.Sym64Size <= symtab.Off+symtab.Size; at += elf.Sym64Size {
		var sym elf.Sym64
		_, _ = binary.Decode(e.data[at:], binary.LittleEndian, &sym) // it is there
		if elf.SectionIndex(sym.Shndx) == elf.SHN_UNDEF && elf.ST_BIND(sym.Info) == elf.STB_WEAK {
			weak[cString(e.body(&strtab), sym.Name)] = true
		}
	}
	return weak, nil
}

// The sections of externs, and what they are called for the reader.
const (
	kconfig, hiddenKconfig = ".kconfig", ".Kconfig"
	ksyms, hiddenKsyms     = ".ksyms", ".Ksyms"
)

// hideExterns gives the sections of externs their other names, which are as long.
func (e *editor) hideExterns() {
	s, _, ok := e.find(elf.SHT_PROGBITS, ".BTF")
	if !ok {
		return
	}
	t, ok := newTypes(e.body(&s))
	if !ok {
		return
	}
	if t.has(kconfig) || t.has(ksyms) {
		t.raw = e.edit()[s.Off : s.Off+s.Size]
		t.hide(kconfig, hiddenKconfig)
		t.hide(ksyms, hiddenKsyms)
	}
}

// plainMaps takes the prefix off the names of sections of maps.
func (e *editor) plainMaps() {
	const suffix = "/maps"
	for i := range uint64(e.h.Shnum) {
		s := sectionAt(e.data, &e.h, i)
		data := elf.SectionType(s.Type) == elf.SHT_PROGBITS && elf.SectionFlag(s.Flags)&elf.SHF_EXECINSTR == 0
		if name := e.name(&s); data && strings.HasSuffix(name, suffix) {
			prefix := len(name) - len(suffix) + 1
			binary.LittleEndian.PutUint32(e.edit()[e.h.Shoff+i*sectionSize:], s.Name+uint32(prefix))
		}
	}
}

const (
	structOps     = ".struct_ops"
	structOpsLink = ".struct_ops.link"
)

// renameStructOps renames the section, in the table of sections and in the types.
func (e *editor) renameStructOps() error {
	if _, _, ok := e.find(elf.SHT_PROGBITS, structOps); !ok {
		return nil
	}
	if _, _, both := e.find(elf.SHT_PROGBITS, structOpsLink); both {
		return formatError("has sections %s and %s: only one of them is understood", structOps, structOpsLink)
	}
	types, typesAt, ok := e.find(elf.SHT_PROGBITS, ".BTF")
	if !ok {
		return formatError("has section %s, but no types (.BTF): build it with clang -g", structOps)
	}
	b, ok := newTypes(slices.Clone(e.body(&types)))
	if !ok || !b.rename(structOps, structOpsLink) {
		return formatError("has no sound types for section %s: build it again with clang -g", structOps)
	}
	e.replace(typesAt, b.raw)

	names := sectionAt(e.data, &e.h, uint64(e.h.Shstrndx))
	table := append(slices.Clone(e.body(&names)), append([]byte(structOpsLink), 0)...)
	_, at, _ := e.find(elf.SHT_PROGBITS, structOps)
	binary.LittleEndian.PutUint32(e.edit()[e.h.Shoff+at*sectionSize:], uint32(names.Size))
	e.replace(uint64(e.h.Shstrndx), table)
	return nil
}

// replace gives a section another body, at the end of the file.
func (e *editor) replace(index uint64, body []byte) {
	s := sectionAt(e.data, &e.h, index)
	data := e.edit()
	s.Off, s.Size = uint64(len(data)), uint64(len(body))
	_, _ = binary.Encode(data[e.h.Shoff+index*sectionSize:], binary.LittleEndian, &s) // it is there
	e.data = append(data, body...)
}
