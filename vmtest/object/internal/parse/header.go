package parse

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"unicode"
)

// headerSize is that of a 64-bit ELF header, sectionSize that of an entry of its
// section table.
const (
	headerSize  = 64
	sectionSize = 64
)

// checkHeader tells what a file is that is no whole BPF object for this machine.
func checkHeader(data []byte) error {
	switch {
	case len(data) == 0:
		return formatError("is empty")
	case !bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		return formatError("is not an ELF file%s; name an object made by clang -target bpf", begins(data))
	case len(data) < headerSize:
		return formatError("is truncated: it ends after %d bytes, within its header; build or copy it again", len(data))
	case elf.Class(data[elf.EI_CLASS]) != elf.ELFCLASS64:
		return formatError("is a 32-bit ELF file; BPF objects have 64 bits: build it with clang -target bpf")
	}
	h, order := header(data)
	switch {
	case !isBPF(&h):
		return formatError("is an ELF file for %s (%s), not for BPF; build it with clang -target bpf", machine(&h), kind(&h))
	case order != binary.LittleEndian:
		return formatError("is for big-endian machines, and these kernels are little-endian: build it with clang -target bpfel")
	}
	return checkSections(data, &h)
}

// checkSections tells a file that was cut short.
func checkSections(data []byte, h *elf.Header64) error {
	size := uint64(len(data))
	if h.Shnum == 0 || h.Shentsize != sectionSize {
		return formatError("has no table of sections: it is damaged, or was stripped of too much")
	}
	if end := h.Shoff + uint64(h.Shnum)*sectionSize; end > size || end < h.Shoff {
		return truncated("its table of sections", end, size)
	}
	for i := range uint64(h.Shnum) {
		s := sectionAt(data, h, i)
		if elf.SectionType(s.Type) == elf.SHT_NOBITS || elf.SectionType(s.Type) == elf.SHT_NULL {
			continue
		}
		if end := s.Off + s.Size; end > size || end < s.Off {
			return truncated("a section", end, size)
		}
	}
	return nil
}

func truncated(what string, end, size uint64) error {
	if end < size || end > 1<<40 {
		return formatError("is damaged: %s lies nowhere in it; build or copy it again", what)
	}
	return formatError("is truncated: %s ends at byte %d, the file at %d; build or copy it again", what, end, size)
}

// sectionAt returns an entry of the section table of a little-endian file.
func sectionAt(data []byte, h *elf.Header64, i uint64) (s elf.Section64) {
	_, _ = binary.Decode(data[h.Shoff+i*sectionSize:], binary.LittleEndian, &s) // checkSections saw that it is there
	return s
}

func machine(h *elf.Header64) string {
	name := strings.TrimPrefix(elf.Machine(h.Machine).String(), "EM_")
	return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}

func kind(h *elf.Header64) string {
	switch elf.Type(h.Type) {
	case elf.ET_EXEC:
		return "an executable"
	case elf.ET_DYN:
		return "an executable or a library"
	case elf.ET_REL:
		return "an object"
	case elf.ET_CORE:
		return "a core dump"
	}
	return "of an unknown kind"
}

// begins shows how a text begins, to recognise it by; nothing of what is no text.
func begins(data []byte) string {
	line, _, _ := bytes.Cut(data[:min(len(data), 32)], []byte("\n"))
	text := strings.TrimSpace(string(line))
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	if text == "" {
		return ""
	}
	return `: it begins with "` + text + `"`
}
