package modbuild

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// idSection is a module's .BTF_ids: places for ids of types, told by symbols
// (include/linux/btf_ids.h): "__BTF_ID__KIND__NAME__N" for one, "__BTF_ID__set8__NAME" and
// "__BTF_ID__set__NAME" for a whole set with its length, which the kernel
// searches by halving and so wants sorted.
type idSection struct {
	offset int64  // in the file
	data   []byte // a copy
	ids    []idPlace
	sets   []idSet
}

type idPlace struct {
	kind, name string
	at         int // in the section
}

type idSet struct {
	name     string
	at, size int
	pairs    bool // set8: ids with flags
}

const (
	idPrefix = "__BTF_ID__"
	set8Head = 8 // u32 count, u32 flags
	setHead  = 4 // u32 count
	pairSize = 8 // u32 id, u32 flags
	kfuncSet = 1 // BTF_SET8_KFUNCS, in a set8's flags: Linux 6.9
	idsName  = ".BTF_ids"
)

// readIDs finds the ids of a module; nil if it has none.
func readIDs(file []byte) (*idSection, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	s := f.Section(idsName)
	if s == nil {
		return nil, nil
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	x := &idSection{offset: int64(s.Offset), data: slices.Clone(data)}
	for _, sym := range symbols {
		if int(sym.Section) >= len(f.Sections) || f.Sections[sym.Section] != s {
			continue
		}
		if err := x.add(sym); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(x.ids, func(a, b idPlace) int { return cmp.Compare(a.at, b.at) })
	return x, nil
}

// add takes in what one symbol tells.
func (x *idSection) add(sym elf.Symbol) error {
	rest, ok := strings.CutPrefix(sym.Name, idPrefix)
	if !ok {
		return nil
	}
	at, size := int(sym.Value), int(sym.Size)
	kind, name, _ := strings.Cut(rest, "__")
	switch kind {
	case "set", "set8":
		set := idSet{name, at, size, kind == "set8"}
		if at < 0 || size < set.head() || at+size > len(x.data) {
			return fmt.Errorf("symbol %s leads out of %s", sym.Name, idsName)
		}
		x.sets = append(x.sets, set)
		return nil
	}
	if at < 0 || at+4 > len(x.data) {
		return fmt.Errorf("symbol %s leads out of %s", sym.Name, idsName)
	}
	if i := strings.LastIndex(name, "__"); i > 0 {
		name = name[:i]
	}
	x.ids = append(x.ids, idPlace{kind, name, at})
	return nil
}

func (s idSet) head() int {
	if s.pairs {
		return set8Head
	}
	return setHead
}

func (s idSet) width() int {
	if s.pairs {
		return pairSize
	}
	return 4
}

func (x *idSection) id(at int) uint32 { return binary.LittleEndian.Uint32(x.data[at:]) }

// resolve looks all ids up.
func (x *idSection) resolve(spec *btf.Spec) error {
	for _, p := range x.ids {
		id, err := typeID(spec, p.kind, p.name)
		if err != nil {
			return fmt.Errorf("%s %s: %w", p.kind, p.name, err)
		}
		binary.LittleEndian.PutUint32(x.data[p.at:], uint32(id))
	}
	for _, s := range x.sets {
		x.sort(s)
	}
	return nil
}

// sort states a set's length and sorts it by id.
func (x *idSection) sort(s idSet) {
	body := x.data[s.at+s.head() : s.at+s.size]
	n := len(body) / s.width()
	binary.LittleEndian.PutUint32(x.data[s.at:], uint32(n))
	entries := make([][]byte, n)
	for i := range entries {
		entries[i] = slices.Clone(body[i*s.width() : (i+1)*s.width()])
	}
	slices.SortFunc(entries, func(a, b []byte) int {
		return cmp.Compare(binary.LittleEndian.Uint32(a), binary.LittleEndian.Uint32(b))
	})
	copy(body, bytes.Join(entries, nil))
}

// patch returns the module's file with the section as it is now.
func (x *idSection) patch(file []byte) []byte {
	copy(file[x.offset:], x.data)
	return file
}

// typeID finds a type by its kind and name.
func typeID(spec *btf.Spec, kind, name string) (btf.TypeID, error) {
	types, err := spec.AnyTypesByName(name)
	if err != nil {
		return 0, err
	}
	for _, t := range types {
		if kindOf(t) == kind {
			return spec.TypeID(t)
		}
	}
	return 0, btf.ErrNotFound
}

// kindOf names a type's kind as BTF_ID does.
func kindOf(t btf.Type) string {
	switch t.(type) {
	case *btf.Func:
		return "func"
	case *btf.Struct:
		return "struct"
	case *btf.Union:
		return "union"
	case *btf.Typedef:
		return "typedef"
	}
	return ""
}
