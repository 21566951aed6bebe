package modbuild

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/kernels/internal/kmod"
)

// A Fault is a reason for which a kernel will not take a module, or will take it
// without its kfuncs, which is worse: insmod then succeeds.
type Fault struct {
	// Silent tells that the module can be loaded all the same, and lacks something.
	Silent bool
	// Reason is what is wrong, and what to do about it.
	Reason string
}

// Error implements error.
func (f *Fault) Error() string { return f.Reason }

// Check tells whether a kernel would take a module file (.ko, .ko.xz, …), of any
// origin, with all it offers. It does not run it. It returns the module's name and
// kfuncs, and its faults, the worst first; none means that nothing is known against it.
func Check(ctx context.Context, store *kernels.Store, img *kernels.Image, file string, o kernels.GetOptions) (*Module, []*Fault, error) {
	headers := ""
	// Headers tell one thing more; a kernel without can be checked, too.
	if dir, err := store.Headers(ctx, img, o); err == nil {
		headers = dir
	}
	k, err := kernelOf(img, headers)
	if err != nil {
		return nil, nil, err
	}
	f, err := readModule(file)
	if err != nil {
		return nil, nil, err
	}
	m := &Module{Name: f.name, File: filepath.Base(file), Size: f.size, BTF: f.btf != nil, Kfuncs: f.kfuncs()}
	return m, f.faults(k), nil
}

// kernelFacts are what a module is held against.
type kernelFacts struct {
	release string
	btf     []byte // nil if it has none
	modules bool   // has type information of modules
	sets    bool   // wants sets of kfuncs to be told from others (Linux 6.9)
}

func kernelOf(img *kernels.Image, headers string) (*kernelFacts, error) {
	k := &kernelFacts{release: img.Release}
	base, err := img.BTF()
	if err != nil && !errors.Is(err, kernels.ErrNoBTF) {
		return nil, err
	}
	k.btf = base
	k.modules = base != nil && configured(img, "CONFIG_DEBUG_INFO_BTF_MODULES") != "n"
	if headers != "" {
		k.sets = mentionsSets(headers)
	}
	return k, nil
}

// mentionsSets tells whether headers know BTF_SET8_KFUNCS. Debian's common ones are
// beside those of a flavour.
func mentionsSets(headers string) bool {
	common := headers[:max(0, strings.LastIndex(headers, "linux-headers-"))]
	dirs, _ := filepath.Glob(common + "linux-headers-*-common*")
	for _, dir := range append(dirs, headers) {
		b, err := os.ReadFile(filepath.Join(dir, "include/linux/btf_ids.h"))
		if err == nil && bytes.Contains(b, []byte("BTF_SET8_KFUNCS")) {
			return true
		}
	}
	return false
}

// moduleFile is a module, read.
type moduleFile struct {
	name    string
	release string // that it was built for
	size    int64
	data    []byte // uncompressed
	btf     []byte // nil if it has none
	ids     *idSection
}

func readModule(file string) (*moduleFile, error) {
	info, err := kmod.ReadInfo(file)
	if err != nil {
		return nil, err
	}
	data, err := kmod.Read(file)
	if err != nil {
		return nil, err
	}
	f := &moduleFile{name: kmod.NameOf(file), release: info.Release, size: int64(len(data)), data: data}
	if f.ids, err = readIDs(data); err != nil {
		return nil, fmt.Errorf("read module %s: %w", file, err)
	}
	e, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if s := e.Section(".BTF"); s != nil {
		f.btf, err = s.Data()
	}
	return f, err
}

// kfuncs are the functions in sets of pairs: kfuncs and their flags.
func (f *moduleFile) kfuncs() []string {
	if f.ids == nil {
		return nil
	}
	var names []string
	for _, p := range f.ids.ids {
		if s := f.ids.setAt(p.at); s != nil && s.pairs && p.kind == "func" {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// setAt is the set that a place belongs to.
func (x *idSection) setAt(at int) *idSet {
	for i, s := range x.sets {
		if at >= s.at+s.head() && at < s.at+s.size {
			return &x.sets[i]
		}
	}
	return nil
}

// faults are what the kernel has against the module.
func (f *moduleFile) faults(k *kernelFacts) (all []*Fault) {
	if f.release != k.release {
		all = append(all, &Fault{Reason: fmt.Sprintf("it was built for kernel %s, this is %s: build it for this one, with assay module build", f.release, k.release)})
	}
	if f.ids == nil || len(f.ids.ids) == 0 {
		return all // it uses no type information, so it needs none
	}
	if !k.modules {
		return append(all, &Fault{Reason: "it offers kfuncs, and this kernel takes none from modules: it has no type information (BTF) of modules"})
	}
	if f.btf == nil {
		return append(all, &Fault{Silent: true, Reason: "it has no type information (.BTF), so none of its kfuncs can be called; since Linux 6.2 it loads all the same\nbuild it where pahole and the kernel's vmlinux are, or with assay module build"})
	}
	if fault := f.idFault(k.btf); fault != nil {
		all = append(all, fault)
	}
	if k.sets && f.untoldSet() {
		all = append(all, &Fault{Reason: "its kfuncs are in a plain set (BTF_SET8_START), which Linux refuses since 6.9: put them between BTF_KFUNCS_START and BTF_KFUNCS_END"})
	}
	return all
}

// idFault tells what is wrong with the module's ids of types.
func (f *moduleFile) idFault(base []byte) *Fault {
	spec, err := moduleBTF(f.data, base)
	if err != nil {
		return foreign(err.Error())
	}
	for _, p := range f.ids.ids {
		want, err := typeID(spec, p.kind, p.name)
		switch got := f.ids.id(p.at); {
		case err != nil:
			return foreign(fmt.Sprintf("it does not have %s %s", p.kind, p.name))
		case f.ids.has(p, uint32(want)):
		case got == 0:
			return &Fault{Reason: fmt.Sprintf("the id of %s %s was not resolved: resolve_btfids did not run after pahole\nbuild it with assay module build", p.kind, p.name)}
		default:
			return foreign(fmt.Sprintf("%s %s is type %d in it, and %d where it is used", p.kind, p.name, want, got))
		}
	}
	return nil
}

func foreign(why string) *Fault {
	return &Fault{Silent: true, Reason: "its type information was made for another build of the kernel (" + why + "): it loads without its kfuncs\nbuild it with the vmlinux of this very kernel, or with assay module build"}
}

// has tells whether an id is where it belongs: in its place or, as sets get sorted,
// anywhere in its set.
func (x *idSection) has(p idPlace, id uint32) bool {
	s := x.setAt(p.at)
	if s == nil {
		return x.id(p.at) == id
	}
	for at := s.at + s.head(); at < s.at+s.size; at += s.width() {
		if x.id(at) == id {
			return true
		}
	}
	return false
}

// untoldSet tells whether a set of pairs with functions is not marked as one of kfuncs.
func (f *moduleFile) untoldSet() bool {
	for _, s := range f.ids.sets {
		if s.pairs && f.ids.id(s.at+4)&kfuncSet == 0 {
			return true
		}
	}
	return false
}
