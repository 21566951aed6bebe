package kfunc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// rebuild is what helps against most faults.
const rebuild = "build it for this very kernel: assay module build -k KERNEL"

// Load loads a module from a file, with parameters as "name=value name=value". It does
// not check what the kernel made of it; [Check] does.
func Load(file, parameters string) error {
	name := nameOf(file)
	if err := Supported(); err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), parameters, 0)
	if err == nil {
		return nil
	}
	return explain(name, file, err)
}

func nameOf(file string) string {
	base, _, _ := strings.Cut(filepath.Base(file), ".")
	return strings.ReplaceAll(base, "-", "_")
}

// explain makes a sentence of why the kernel did not load a file.
func explain(name, file string, err error) error {
	what := inspect(file)
	switch {
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("module %s: %w", name, ErrLoaded)
	case errors.Is(err, unix.EPERM):
		return fault(ErrPrivileges, name, err.Error(), "run as root, or grant CAP_SYS_MODULE")
	case errors.Is(err, unix.ENOEXEC) && what.release != "" && what.release != release():
		return fault(ErrRefused, name, fmt.Sprintf("it was built for kernel %s, and this is %s", what.release, release()), rebuild)
	case errors.Is(err, unix.ENOEXEC):
		return fault(ErrRefused, name, "it was built for another configuration of this kernel, or is no module", rebuild)
	case errors.Is(err, unix.ENOENT) && !what.btf:
		return fault(ErrRefused, name, "it has no type information (.BTF)", "build it where pahole and the kernel's vmlinux are, or "+rebuild)
	case errors.Is(err, unix.ENOENT):
		return fault(ErrRefused, name, "it uses a symbol that this kernel does not have; the kernel's log names it", rebuild)
	case errors.Is(err, unix.EINVAL) && what.unresolved:
		return fault(ErrRefused, name, "the ids of its functions were not resolved", "run resolve_btfids after pahole, or "+rebuild)
	case errors.Is(err, unix.EINVAL):
		return fault(ErrRefused, name, "its functions cannot be registered: their set was made by BTF_SET8_START, which Linux refuses since 6.9, or its type information is damaged", rebuild)
	case errors.Is(err, unix.EKEYREJECTED):
		return fault(ErrRefused, name, "this kernel wants modules signed", "sign it, or boot with module.sig_enforce=0 and without lockdown")
	}
	return fmt.Errorf("load module %s: %w\nthe kernel's log may tell more", name, err)
}

func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// Unload removes a module. It fails with ErrInUse as long as programs that call it
// are loaded, and maps that hold its objects; the kernel frees these with some delay.
func Unload(name string) error {
	err := unix.DeleteModule(name, unix.O_NONBLOCK)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EBUSY):
		return fault(ErrInUse, name, "programs or maps hold it", "close them first")
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("module %s: %w", name, ErrNotLoaded)
	case errors.Is(err, unix.EPERM):
		return fault(ErrPrivileges, name, err.Error(), "run as root, or grant CAP_SYS_MODULE")
	}
	return fmt.Errorf("unload module %s: %w", name, err)
}

// Loaded tells whether a module is there.
func Loaded(name string) bool {
	_, err := os.Stat("/sys/module/" + name + "/refcnt") // which built-in ones lack
	return err == nil
}

// Supported tells whether this kernel takes kfuncs from modules: nil, or an error that
// wraps ErrUnsupported.
func Supported() error {
	const function = "register_btf_kfunc_id_set"
	vmlinux, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: kernel %s has no type information (BTF); Linux has that since 5.2, if built with CONFIG_DEBUG_INFO_BTF", ErrUnsupported, release())
	}
	if err != nil {
		return err
	}
	if !bytes.Contains(vmlinux, []byte("\x00"+function+"\x00")) {
		return fmt.Errorf("%w: kernel %s does not have %s; Linux has since 5.18", ErrUnsupported, release(), function)
	}
	return nil
}

// Check tells whether programs can call the functions of a loaded module: nil if the
// kernel knows the types of all of them. Errors wrap ErrUnsupported, ErrNotLoaded
// or ErrNoFunctions.
func Check(name string, functions []string) error {
	if err := Supported(); err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	if !Loaded(name) {
		return fmt.Errorf("module %s: %w", name, ErrNotLoaded)
	}
	missing, err := missingFunctions(name, functions)
	if errors.Is(err, fs.ErrNotExist) {
		return fault(ErrNoFunctions, name, "the kernel took no type information of it: it has none, or that of another build of the kernel", rebuild)
	}
	if err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	if len(missing) > 0 {
		return fault(ErrNoFunctions, name, "it does not have "+strings.Join(missing, ", "), "it is another version: unload it, and load the one that this program came with")
	}
	return nil
}

// missingFunctions are those that the kernel knows no type of.
func missingFunctions(name string, functions []string) (missing []string, err error) {
	if _, err := os.Stat("/sys/kernel/btf/" + name); err != nil {
		return nil, err
	}
	spec, err := btf.LoadKernelModuleSpec(name)
	if err != nil {
		return nil, err
	}
	for _, f := range functions {
		var fn *btf.Func
		if err := spec.TypeByName(f, &fn); errors.Is(err, btf.ErrNotFound) {
			missing = append(missing, f)
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}
