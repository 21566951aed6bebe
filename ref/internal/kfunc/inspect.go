package kfunc

import (
	"debug/elf"
	"encoding/binary"
	"strings"
)

// particulars are what a module's file tells of why it was not loaded.
type particulars struct {
	release    string // it was built for
	btf        bool   // has type information
	unresolved bool   // has ids of functions that are 0
}

// inspect looks into a module's file. What cannot be read is not told.
func inspect(file string) (p particulars) {
	f, err := elf.Open(file)
	if err != nil {
		return p
	}
	defer f.Close()
	p.btf = f.Section(".BTF") != nil
	if s := f.Section(".modinfo"); s != nil {
		info, _ := s.Data()
		for kv := range strings.SplitSeq(string(info), "\x00") {
			if v, ok := strings.CutPrefix(kv, "vermagic="); ok {
				p.release, _, _ = strings.Cut(v, " ")
			}
		}
	}
	p.unresolved = unresolved(f)
	return p
}

// unresolved tells whether the id of any function is 0.
func unresolved(f *elf.File) bool {
	s := f.Section(".BTF_ids")
	if s == nil {
		return false
	}
	ids, err := s.Data()
	if err != nil {
		return false
	}
	symbols, _ := f.Symbols()
	for _, sym := range symbols {
		at := sym.Value
		if strings.HasPrefix(sym.Name, "__BTF_ID__func__") && at+4 <= uint64(len(ids)) && binary.LittleEndian.Uint32(ids[at:]) == 0 {
			return true
		}
	}
	return false
}
