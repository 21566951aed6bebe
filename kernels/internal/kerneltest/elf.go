// Package kerneltest makes what tests of kernels need: kernel images, modules,
// packages and a signed archive, all small and all real enough for the code
// under test to read.
package kerneltest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// A section is one section of an ELF file to make.
type section struct {
	name string
	typ  elf.SectionType
	data []byte
}

// makeELF makes an x86-64 ELF file of the given sections. Notes also get a
// program header, as the kernel's have.
func makeELF(typ elf.Type, sections ...section) []byte {
	const ehSize, phSize, shSize = 64, 56, 64
	names := []byte{0}
	all := append([]section{{}}, sections...)
	all = append(all, section{name: ".shstrtab", typ: elf.SHT_STRTAB})
	nameAt := make([]uint32, len(all))
	for i, s := range all[1:] {
		nameAt[i+1] = uint32(len(names))
		names = append(append(names, s.name...), 0)
	}
	all[len(all)-1].data = names

	var progs []elf.Prog64
	headers := make([]elf.Section64, len(all))
	var body bytes.Buffer
	base := uint64(ehSize + phSize)
	for i, s := range all[1:] {
		for body.Len()%8 != 0 {
			body.WriteByte(0)
		}
		off := base + uint64(body.Len())
		headers[i+1] = elf.Section64{Name: nameAt[i+1], Type: uint32(s.typ), Off: off, Size: uint64(len(s.data)), Addralign: 4}
		if s.typ == elf.SHT_NOTE {
			progs = append(progs, elf.Prog64{Type: uint32(elf.PT_NOTE), Off: off, Filesz: uint64(len(s.data)), Align: 4})
		}
		body.Write(s.data)
	}
	var out bytes.Buffer
	h := elf.Header64{
		Type: uint16(typ), Machine: uint16(elf.EM_X86_64), Version: 1,
		Phoff: ehSize, Shoff: base + uint64(body.Len()),
		Ehsize: ehSize, Phentsize: phSize, Phnum: uint16(len(progs)),
		Shentsize: shSize, Shnum: uint16(len(all)), Shstrndx: uint16(len(all) - 1),
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	write(&out, h)
	write(&out, append(progs, elf.Prog64{})[:1])
	out.Write(body.Bytes())
	write(&out, headers)
	return out.Bytes()
}

func write(b *bytes.Buffer, v any) {
	if err := binary.Write(b, binary.LittleEndian, v); err != nil {
		panic(err) // a fixed-size value into memory
	}
}
