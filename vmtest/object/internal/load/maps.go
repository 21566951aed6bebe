package load

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/object/internal/known"
)

// made is a map that was made, or what came of trying.
type made struct {
	m    *ebpf.Map
	spec *ebpf.MapSpec
	err  error
}

// useMaps makes the maps that the program refers to, and refers to them.
func (p *program) useMaps(r *Result) error {
	names := map[string]bool{}
	for i := range p.insns {
		if p.refersToMap(i) {
			names[p.insns[i].Reference()] = true
		}
	}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m := p.o.mapNamed(name)
		r.Maps = append(r.Maps, m.describe(name))
		if m.err != nil {
			faults = append(faults, m.err)
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	for i := range p.insns {
		if !p.refersToMap(i) {
			continue
		}
		if err := p.insns[i].AssociateMap(p.o.maps[p.insns[i].Reference()].m); err != nil {
			return &fault{stage: StageObject, kind: KindUnknown, subject: p.insns[i].Reference(), err: err}
		}
	}
	return nil
}

// refersToMap tells whether an instruction refers to a map of the object. Settings
// of the kernel are in a map too, which is made for the program.
func (p *program) refersToMap(i int) bool {
	ins := &p.insns[i]
	return ins.IsLoadFromMap() && ins.Reference() != "" && p.o.Spec.Maps[ins.Reference()] != nil
}

// mapNamed returns a map of the object, making it if this is the first time.
func (o *object) mapNamed(name string) *made {
	if m := o.maps[name]; m != nil {
		return m
	}
	m := &made{spec: o.mapSpec(name)}
	if m.err = unset(name, m.spec); m.err == nil {
		m.m, m.err = ebpf.NewMap(m.spec)
		if m.err != nil {
			m.err = mapFault(name, m.spec, m.err)
		}
	}
	o.maps[name] = m
	return m
}

// mapSpec is what is made of a map: as the object says, but not pinned, and without
// the programs and maps that it is to hold, on which no verdict depends.
func (o *object) mapSpec(name string) *ebpf.MapSpec {
	spec := o.Spec.Maps[name].Copy()
	spec.Pinning, spec.Extra = ebpf.PinNone, nil
	spec.Contents = slices.DeleteFunc(spec.Contents, func(kv ebpf.MapKV) bool {
		_, refers := kv.Value.(string)
		return refers
	})
	if spec.InnerMap != nil {
		spec.InnerMap.Pinning = ebpf.PinNone
	}
	if size, ok := o.request.Maps[name]; ok {
		spec.KeySize = cmpOr(size.KeySize, spec.KeySize)
		spec.ValueSize = cmpOr(size.ValueSize, spec.ValueSize)
		spec.MaxEntries = cmpOr(size.MaxEntries, spec.MaxEntries)
	}
	return spec
}

// unset tells of a map whose size the object leaves to its own loader.
func unset(name string, spec *ebpf.MapSpec) error {
	var what []string
	if spec.MaxEntries == 0 && !sizeless(spec.Type) {
		what = append(what, "max_entries")
	}
	if spec.ValueSize == 0 && spec.Type == ebpf.StackTrace {
		what = append(what, "value_size")
	}
	inner := spec.Type == ebpf.ArrayOfMaps || spec.Type == ebpf.HashOfMaps
	if inner && spec.InnerMap == nil {
		what = append(what, "inner map")
	}
	if len(what) == 0 {
		return nil
	}
	return &fault{stage: StageMap, kind: KindUnset, subject: name, err: fmt.Errorf("map %s has no %v", name, what)}
}

// sizeless are the maps without a number of entries, and those whose loader knows it.
func sizeless(t ebpf.MapType) bool {
	switch t {
	case ebpf.CGroupStorage, ebpf.PerCPUCGroupStorage, ebpf.CgroupStorage, ebpf.SkStorage, ebpf.TaskStorage, ebpf.InodeStorage,
		ebpf.PerfEventArray, ebpf.StructOpsMap:
		return true
	}
	return false
}

// mapFault finds out why the kernel does not make a map.
func mapFault(name string, spec *ebpf.MapSpec, err error) error {
	f := &fault{stage: StageMap, subject: name, err: err}
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		f.stage = StageBTF
	case errors.Is(err, unix.ENOMEM):
		f.lacks = []Lack{{What: LackMemory, Name: spec.Type.String()}}
	default:
		f.lacks = mapLacks(spec)
		if errnoName(err) == "" && len(f.lacks) == 0 {
			f.kind = KindUnknown
		}
	}
	return f
}

// mapLacks tries parts of a map alone: its type, then each of its flags, then its
// being described by types.
func mapLacks(spec *ebpf.MapSpec) (lacks []Lack) {
	if isData(spec) && !makes(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: unix.BPF_F_RDONLY_PROG}) {
		return []Lack{{What: LackGlobalData, Name: spec.Name}}
	}
	if !haveMapType(spec.Type) {
		return []Lack{{What: LackMapType, Name: known.MapType(spec.Type)}}
	}
	for flag := uint32(1); flag != 0 && flag <= spec.Flags; flag <<= 1 {
		if spec.Flags&flag == 0 {
			continue
		}
		without := spec.Copy()
		without.Flags, without.Contents = spec.Flags&^flag, nil
		if makes(without) {
			return []Lack{{What: LackMapFlag, Name: known.MapFlag(flag)}}
		}
	}
	plain := spec.Copy()
	plain.Key, plain.Value, plain.Contents = nil, nil, nil
	if makes(plain) {
		return []Lack{{What: LackMapTypes, Name: valueText(spec.Value)}}
	}
	return nil
}

// isData tells a map that holds a section of the object.
func isData(spec *ebpf.MapSpec) bool {
	_, ok := spec.Value.(*btf.Datasec)
	return ok || len(spec.Name) > 0 && spec.Name[0] == '.'
}

func makes(spec *ebpf.MapSpec) bool {
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return false
	}
	_ = m.Close()
	return true
}

// valueText names the type of a map's values.
func valueText(t btf.Type) string {
	if t == nil {
		return ""
	}
	return typeText(t)
}

func (m *made) describe(name string) Map {
	d := Map{Name: name, Type: known.MapType(m.spec.Type), KeySize: m.spec.KeySize, ValueSize: m.spec.ValueSize, MaxEntries: m.spec.MaxEntries, Flags: m.spec.Flags}
	if m.err != nil {
		d.Error = m.err.Error()
	}
	return d
}
