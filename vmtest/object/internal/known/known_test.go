package known

import (
	"bytes"
	"debug/elf"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/assay-lab/assay/kernels"
)

// kernelsAtHand are the types of the kernels of the default matrix that are in the
// cache, by series.
func kernelsAtHand(t *testing.T) map[string]*btf.Spec {
	t.Helper()
	store, err := kernels.Open("")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*btf.Spec{}
	for _, series := range kernels.Default() {
		image, err := store.Get(t.Context(), series, kernels.GetOptions{Offline: true})
		var missing *kernels.NotAvailableError
		if errors.As(err, &missing) || err == nil && image.Vmlinux == "" {
			t.Logf("not looked at: %s: %v", series, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if spec := typesOf(t, image.Vmlinux); spec != nil {
			all[series] = spec
		}
	}
	if len(all) == 0 {
		t.Skip("no kernel of the matrix is in the cache")
	}
	return all
}

// typesOf returns the types in a kernel, nil if it has none, as 4.19.
func typesOf(t *testing.T, vmlinux string) *btf.Spec {
	t.Helper()
	f, err := elf.Open(vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil {
		return nil
	}
	raw, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// constants are those of an enumeration, without its prefix, in lower case.
func constants(t *testing.T, spec *btf.Spec, enum, prefix string) map[string]uint64 {
	t.Helper()
	var e *btf.Enum
	if err := spec.TypeByName(enum, &e); err != nil {
		t.Fatal(err)
	}
	all := map[string]uint64{}
	for _, v := range e.Values {
		if name, ok := strings.CutPrefix(v.Name, prefix); ok {
			all[strings.ToLower(name)] = v.Value
		}
	}
	if len(all) == 0 {
		t.Fatalf("enum %s has no %s…: this test tests nothing", enum, prefix)
	}
	return all
}

// atLeast compares versions such as 5.8 and 5.10.
func atLeast(version, than string) bool {
	number := func(s string) (n int) {
		for part := range strings.SplitSeq(s, ".") {
			i, _ := strconv.Atoi(part)
			n = n*1000 + i
		}
		return n
	}
	return number(version) >= number(than)
}

// What a table says must be so in the kernels at hand: there from the version named,
// and not before. Distributions' kernels have no helpers from later ones, since the
// numbers would clash.
func TestSinceAgreesWithKernels(t *testing.T) {
	for series, spec := range kernelsAtHand(t) {
		for _, table := range []struct {
			enum, prefix string
			since        *since
		}{
			{"bpf_func_id", "BPF_FUNC_", &helpers},
			{"bpf_prog_type", "BPF_PROG_TYPE_", &programs},
			{"bpf_map_type", "BPF_MAP_TYPE_", &maps},
			{"bpf_attach_type", "BPF_", &attaches},
		} {
			has := constants(t, spec, table.enum, table.prefix)
			for name, version := range table.since.names() {
				if _, got := has[name]; got != atLeast(series, version) {
					t.Errorf("%s %s is said to be since %s; kernel %s has it: %v", table.enum, name, version, series, got)
				}
			}
			if table.enum == "bpf_attach_type" {
				continue // other enumerations' constants are like its own
			}
			for name := range has {
				if table.since.version(name) == "" && !atLeast(series, "6.19") && name != "unspec" && !strings.HasSuffix(name, "_deprecated") {
					t.Errorf("%s of kernel %s has %s, which no table has", table.enum, series, name)
				}
			}
		}
	}
}

func TestFunctionsSinceAgreesWithKernels(t *testing.T) {
	for series, spec := range kernelsAtHand(t) {
		for name, version := range functions.names() {
			if FunctionModule(name) != "" {
				continue
			}
			_, err := spec.AnyTypesByName(name)
			// There are older functions that were made callable later.
			if err == nil && !atLeast(series, version) && strings.HasPrefix(name, "bpf_") {
				t.Errorf("function %s is said to be since %s, but kernel %s has it", name, version, series)
			}
		}
	}
}

func TestNamesAreTheKernels(t *testing.T) {
	for series, spec := range kernelsAtHand(t) {
		check := func(enum, prefix string, names []string) {
			has := constants(t, spec, enum, prefix)
			for i, name := range names {
				if n, ok := has[name]; ok && n != uint64(i) {
					t.Errorf("%s %s is %d in kernel %s, want %d", enum, name, n, series, i)
				}
			}
		}
		check("bpf_prog_type", "BPF_PROG_TYPE_", programTypeNames)
		check("bpf_map_type", "BPF_MAP_TYPE_", mapTypeNames)
		check("bpf_attach_type", "BPF_", attachTypeNames)
		for name, n := range constants(t, spec, "bpf_func_id", "BPF_FUNC_") {
			if got := Helper(int(n)); n > 0 && got != "bpf_"+name {
				t.Errorf("Helper(%d) = %s, kernel %s has bpf_%s", n, got, series, name)
			}
		}
	}
}

// Flags of maps are in enumerations without a name; those of programs are macros,
// which leave no trace.
func TestFlagsAreTheKernels(t *testing.T) {
	seen := 0
	for series, spec := range kernelsAtHand(t) {
		has := map[string]uint64{}
		for typ, err := range spec.All() {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := typ.(*btf.Enum); ok && e.Name == "" {
				for _, v := range e.Values {
					has[v.Name] = v.Value
				}
			}
		}
		for i, name := range mapFlags {
			value, ok := has[name]
			if !ok {
				continue
			}
			seen++
			if value != 1<<i {
				t.Errorf("%s is %#x in kernel %s, want %#x", name, value, series, 1<<i)
			}
			if v := FlagSince(name); v != "" && !atLeast(series, v) {
				t.Errorf("%s is said to be since %s, but kernel %s has it", name, v, series)
			}
		}
	}
	if seen == 0 {
		t.Fatal("no flag was found: this test tests nothing")
	}
}
