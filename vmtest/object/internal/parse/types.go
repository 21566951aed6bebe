package parse

import (
	"bytes"
	"encoding/binary"
)

// types are raw type information, of which only the frame is understood: where a
// type begins, what its name is, and what a section consists of.
// (Documentation/bpf/btf.rst)
type types struct {
	raw []byte
	// The header's fields.
	headerLen, typeOff, typeLen, strOff, strLen uint32
}

const (
	typesMagic      = 0xeb9f
	typesHeaderSize = 24
	typeSize        = 12 // of struct btf_type
)

// newTypes reads the header; false is for what is no sound type information.
func newTypes(raw []byte) (t *types, ok bool) {
	if len(raw) < typesHeaderSize || binary.LittleEndian.Uint16(raw) != typesMagic {
		return nil, false
	}
	t = &types{raw: raw}
	for i, field := range []*uint32{&t.headerLen, &t.typeOff, &t.typeLen, &t.strOff, &t.strLen} {
		*field = binary.LittleEndian.Uint32(raw[4+4*i:])
	}
	size := uint64(len(raw))
	sound := uint64(t.headerLen)+uint64(t.typeOff)+uint64(t.typeLen) <= size &&
		uint64(t.headerLen)+uint64(t.strOff)+uint64(t.strLen) <= size
	return t, sound
}

func (t *types) strings() []byte {
	at := t.headerLen + t.strOff
	return t.raw[at : at+t.strLen]
}

// Kinds of types whose entries are looked at, or are longer than their head.
const (
	kindInt       = 1
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindFuncProto = 13
	kindVar       = 14
	kindDatasec   = 15
	kindDeclTag   = 17
	kindEnum64    = 19
)

// tail is how many bytes follow the head of a type.
func tail(kind, vlen uint32) uint32 {
	switch kind {
	case kindInt, kindVar, kindDeclTag:
		return 4
	case kindArray:
		return 12
	case kindStruct, kindUnion, kindDatasec, kindEnum64:
		return 12 * vlen
	case kindEnum, kindFuncProto:
		return 8 * vlen
	}
	return 0
}

// each calls f with where each type begins, its kind, its name and the number of
// its members, until it returns false.
func (t *types) each(f func(id int, at, kind uint32, name string, vlen uint32) bool) {
	end := t.headerLen + t.typeOff + t.typeLen
	id := 1
	for at := t.headerLen + t.typeOff; at+typeSize <= end; id++ {
		info := binary.LittleEndian.Uint32(t.raw[at+4:])
		kind, vlen := info>>24&0x1f, info&0xffff
		if at+typeSize+tail(kind, vlen) > end {
			return
		}
		if !f(id, at, kind, cString(t.strings(), binary.LittleEndian.Uint32(t.raw[at:])), vlen) {
			return
		}
		at += typeSize + tail(kind, vlen)
	}
}

// has tells whether there is a section of that name.
func (t *types) has(section string) (found bool) {
	t.each(func(_ int, _, kind uint32, name string, _ uint32) bool {
		found = found || kind == kindDatasec && name == section
		return !found
	})
	return found
}

// hide writes another name, as long, over that of a section, and says that it has a
// size: of one that has none the reader wants to know it.
func (t *types) hide(section, as string) {
	t.each(func(_ int, at, kind uint32, name string, vlen uint32) bool {
		if kind == kindDatasec && name == section {
			copy(t.strings()[binary.LittleEndian.Uint32(t.raw[at:]):], as)
			binary.LittleEndian.PutUint32(t.raw[at+8:], max(vlen, 1))
		}
		return true
	})
}

// rename gives a section another name. It works for strings that come last, as all
// compilers write them.
func (t *types) rename(section, to string) (ok bool) {
	if uint64(t.headerLen)+uint64(t.strOff)+uint64(t.strLen) != uint64(len(t.raw)) {
		return false
	}
	t.each(func(_ int, at, kind uint32, name string, _ uint32) bool {
		if kind == kindDatasec && name == section {
			binary.LittleEndian.PutUint32(t.raw[at:], t.strLen)
			ok = true
		}
		return true
	})
	t.raw = append(bytes.Clone(t.raw), append([]byte(to), 0)...)
	t.strLen += uint32(len(to)) + 1
	binary.LittleEndian.PutUint32(t.raw[20:], t.strLen)
	return ok
}
