package modbuild

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf/btf"
)

// completeBTF gives a module the type information that kbuild did not, for want of a
// vmlinux among the headers: what scripts/Makefile.modfinal does, with the kernel's own
// image for a base.
func (w *workshop) completeBTF(ctx context.Context, file, name string) error {
	if configured(w.img, "CONFIG_DEBUG_INFO_BTF_MODULES") != "y" || w.img.Vmlinux == "" {
		return nil
	}
	has, err := hasSection(file, ".BTF")
	if err != nil || has {
		return err
	}
	err = w.tool(ctx, "pahole", "-J", "--btf_gen_floats", "--lang_exclude=rust", "--btf_base", inVmlinux, name)
	if err != nil {
		return fmt.Errorf("make type information: %w", err)
	}
	base, err := w.img.BTF()
	if err != nil {
		return err
	}
	return resolveFile(file, base)
}

func hasSection(file, section string) (bool, error) {
	f, err := elf.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return f.Section(section) != nil, nil
}

// resolveFile puts the ids of types into a module's .BTF_ids, as the kernel's
// resolve_btfids does (tools/bpf/resolve_btfids).
func resolveFile(file string, base []byte) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	ids, err := readIDs(data)
	if err != nil || ids == nil {
		return err
	}
	spec, err := moduleBTF(data, base)
	if err != nil {
		return err
	}
	if spec == nil {
		return errors.New("it has ids of types to resolve, but no type information")
	}
	if err := ids.resolve(spec); err != nil {
		return err
	}
	return os.WriteFile(file, ids.patch(data), 0o644)
}

// moduleBTF reads a module's type information on top of its kernel's. nil if it has none.
func moduleBTF(data, base []byte) (*btf.Spec, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	s := f.Section(".BTF")
	if s == nil {
		return nil, nil
	}
	split, err := s.Data()
	if err != nil {
		return nil, err
	}
	// Linux 6.11 and later: the module brings what it uses of the kernel's types,
	// and the kernel relocates it on loading.
	if own := f.Section(".BTF.base"); own != nil {
		if base, err = own.Data(); err != nil {
			return nil, err
		}
	}
	kernel, err := btf.LoadSpecFromReader(bytes.NewReader(base))
	if err != nil {
		return nil, fmt.Errorf("read the kernel's type information: %w", err)
	}
	return btf.LoadSplitSpecFromReader(bytes.NewReader(split), kernel)
}
