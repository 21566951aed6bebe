package bzimage

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Names in the kernel's ELF file.
const (
	banner      = "Linux version "
	noteOwner   = "Xen"
	notePVH     = 18 // XEN_ELFNOTE_PHYS32_ENTRY, include/xen/interface/elfnote.h
	configBegin = "IKCFG_ST"
	configEnd   = "IKCFG_ED"
	maxConfig   = 4 << 20
)

// ErrNoSection is returned when an ELF kernel lacks the section asked for.
var ErrNoSection = errors.New("no such section")

func checkELF(data []byte) error {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotKernel, err)
	}
	if f.Machine != elf.EM_X86_64 || f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return fmt.Errorf("%w: ELF is %v %v", ErrNotKernel, f.Machine, f.Type)
	}
	return nil
}

// bannerRelease finds the release in linux_banner, the string
// /proc/version begins with. The ".rodata" section holds it, but a stripped
// kernel has no sections, so all of the file is searched.
func bannerRelease(data []byte) (string, error) {
	for rest := data; ; {
		i := bytes.Index(rest, []byte(banner))
		if i < 0 {
			return "", fmt.Errorf("%w: ELF has no %q string", ErrNotKernel, strings.TrimSpace(banner))
		}
		rest = rest[i+len(banner):]
		rel, _, _ := strings.Cut(string(rest[:min(80, len(rest))]), " ")
		if plausibleRelease(rel) {
			return rel, nil // "%s" of a format string is skipped
		}
	}
}

// HasPVH tells whether the ELF kernel in r carries the Xen PVH note, through
// which QEMU enters it directly, without the bzImage's unpacking in the guest.
func HasPVH(r io.ReaderAt) (bool, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return false, fmt.Errorf("read ELF kernel: %w", err)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz > 1<<20 {
			continue
		}
		notes, err := io.ReadAll(p.Open())
		if err != nil {
			return false, fmt.Errorf("read ELF notes: %w", err)
		}
		if hasNote(notes, noteOwner, notePVH) {
			return true, nil
		}
	}
	return false, nil
}

// hasNote looks for a note in an ELF note segment: name size, descriptor size,
// type, then name and descriptor, each padded to four bytes.
func hasNote(b []byte, owner string, typ uint32) bool {
	for len(b) >= 12 {
		nameLen := int64(binary.LittleEndian.Uint32(b))
		descLen := int64(binary.LittleEndian.Uint32(b[4:]))
		got := binary.LittleEndian.Uint32(b[8:])
		next := 12 + (nameLen+3)&^3 + (descLen+3)&^3
		if 12+nameLen > int64(len(b)) {
			return false
		}
		name := strings.TrimRight(string(b[12:12+nameLen]), "\x00")
		if name == owner && got == typ {
			return true
		}
		if next >= int64(len(b)) {
			return false
		}
		b = b[next:]
	}
	return false
}

// Section returns the contents of one section of the ELF kernel in r, such as
// ".BTF". It fails with ErrNoSection if there is none of that name.
func Section(r io.ReaderAt, name string) ([]byte, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read ELF kernel: %w", err)
	}
	s := f.Section(name)
	if s == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSection, name)
	}
	b, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("read section %s: %w", name, err)
	}
	return b, nil
}

// EmbeddedConfig returns the build configuration that a kernel built with
// CONFIG_IKCONFIG carries (kernel/configs.c), nil if it carries none.
func EmbeddedConfig(vmlinux []byte) ([]byte, error) {
	i := bytes.Index(vmlinux, []byte(configBegin+"\x1f\x8b"))
	if i < 0 {
		return nil, nil
	}
	rest := vmlinux[i+len(configBegin):]
	if j := bytes.Index(rest, []byte(configEnd)); j >= 0 {
		rest = rest[:j]
	}
	z, err := gzip.NewReader(bytes.NewReader(rest))
	if err != nil {
		return nil, fmt.Errorf("read embedded configuration: %w", err)
	}
	z.Multistream(false)
	b, err := io.ReadAll(io.LimitReader(z, maxConfig))
	if err != nil {
		return nil, fmt.Errorf("read embedded configuration: %w", err)
	}
	return b, nil
}
