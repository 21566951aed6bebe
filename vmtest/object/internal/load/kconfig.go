package load

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// kconfig returns the bytes of the section of settings, as this kernel has them.
func (o *object) kconfig() ([]byte, error) {
	data := make([]byte, o.Kconfig.Size)
	var config map[string]string
	for _, v := range o.Kconfig.Vars {
		name := v.Type.TypeName()
		typ := v.Type.(*btf.Var).Type // the reader has seen to that
		at := data[v.Offset : v.Offset+v.Size]
		value, virtual := o.virtual(name)
		if !virtual {
			if config == nil {
				var err error
				if config, err = readConfig(); err != nil {
					return nil, &fault{stage: StageExtern, kind: KindBroken, subject: name, err: err}
				}
			}
			var ok bool
			if value, ok = config[name]; !ok {
				if o.Weak[name] {
					continue
				}
				return nil, externFault(name, btf.ErrNotFound)
			}
		}
		if err := putSetting(at, typ, value); err != nil {
			return nil, &fault{stage: StageExtern, kind: KindIncompatible, subject: name, err: fmt.Errorf("setting %s: %w", name, err)}
		}
	}
	return data, nil
}

// virtual are the settings that no configuration has, but all loaders know.
func (o *object) virtual(name string) (value string, ok bool) {
	truth := func(b bool) string {
		if b {
			return "y"
		}
		return "n"
	}
	switch name {
	case "LINUX_KERNEL_VERSION":
		return strconv.Itoa(int(o.version)), true
	case "LINUX_HAS_BPF_COOKIE":
		return truth(features.HaveProgramHelper(ebpf.Kprobe, asm.FnGetAttachCookie) == nil), true
	case "LINUX_HAS_SYSCALL_WRAPPER":
		address, err := o.address(wrappedSyscall)
		return truth(err == nil && address != 0), true
	}
	return "", false
}

// readConfig reads the configuration that the running kernel was built with.
func readConfig() (map[string]string, error) {
	f, err := openConfig()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if ok && strings.HasPrefix(name, "CONFIG_") {
			config[name] = value
		}
	}
	return config, lines.Err()
}

func openConfig() (io.ReadCloser, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	f, err := os.Open("/boot/config-" + unix.ByteSliceToString(u.Release[:]))
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	z, err := os.Open("/proc/config.gz")
	if err != nil {
		return nil, fmt.Errorf("find the kernel's configuration: %w", err)
	}
	return gzip.NewReader(z)
}

// putSetting writes a setting as its variable's type wants it.
func putSetting(at []byte, typ btf.Type, value string) error {
	switch t := btf.UnderlyingType(typ).(type) {
	case *btf.Int:
		return putNumber(at, t, value)
	case *btf.Enum:
		tristate := map[string]uint64{"n": 0, "y": 1, "m": 2} // TRI_NO, TRI_YES, TRI_MODULE
		n, ok := tristate[value]
		if !ok {
			return fmt.Errorf("%s is neither y, n nor m", value)
		}
		return putBytes(at, n)
	case *btf.Array:
		text, err := strconv.Unquote(value)
		if err != nil {
			return fmt.Errorf("%s is no text", value)
		}
		copy(at[:max(len(at)-1, 0)], text)
		return nil
	}
	return fmt.Errorf("of type %v, which no setting is", typ)
}

func putNumber(at []byte, t *btf.Int, value string) error {
	if len(value) == 1 && strings.ContainsAny(value, "ynm") {
		switch {
		case t.Encoding == btf.Char: // as a letter
			return putBytes(at, uint64(value[0]))
		case t.Encoding == btf.Bool && value != "m":
			n := uint64(0)
			if value == "y" {
				n = 1
			}
			return putBytes(at, n)
		}
		return fmt.Errorf("is %s, which is not of type %s", value, t.Name)
	}
	if t.Encoding == btf.Signed {
		n, err := strconv.ParseInt(value, 0, int(t.Size)*8)
		if err != nil {
			return err
		}
		return putBytes(at, uint64(n))
	}
	n, err := strconv.ParseUint(value, 0, int(t.Size)*8)
	if err != nil {
		return err
	}
	return putBytes(at, n)
}

func putBytes(at []byte, n uint64) error {
	var b [8]byte
	native.PutUint64(b[:], n)
	if len(at) > len(b) {
		return fmt.Errorf("a variable of %d bytes is too large", len(at))
	}
	copy(at, b[:])
	return nil
}

// kernelSymbols returns the addresses of symbols of the kernel, of those that it
// has.
func kernelSymbols(names []string) (map[string]uint64, error) {
	table, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		return nil, err
	}
	found := map[string]uint64{}
	for _, name := range names {
		// ADDRESS TYPE NAME, and of a module's a tab and [MODULE] after that
		for _, end := range []string{"\n", "\t"} {
			i := bytes.Index(table, []byte(" "+name+end))
			if i < 0 {
				continue
			}
			line := table[bytes.LastIndexByte(table[:i], '\n')+1 : i]
			address, _, _ := bytes.Cut(line, []byte(" "))
			if found[name], err = strconv.ParseUint(string(address), 16, 64); err != nil {
				return nil, fmt.Errorf("read symbol %s: %w", name, err)
			}
			break
		}
	}
	return found, nil
}

// address returns that of a symbol of the kernel, 0 if it has none. Those that the
// object names are all looked up at once: the table is long.
func (o *object) address(name string) (uint64, error) {
	if o.addresses == nil {
		names := []string{wrappedSyscall}
		if o.Ksyms != nil {
			for _, v := range o.Ksyms.Vars {
				names = append(names, v.Type.TypeName())
			}
		}
		var err error
		if o.addresses, err = kernelSymbols(names); err != nil {
			return 0, err
		}
	}
	return o.addresses[name], nil
}

// wrappedSyscall is a symbol of kernels whose system calls take their arguments in
// a structure. (4.17, fa697140f9a2)
const wrappedSyscall = "__x64_sys_bpf"
