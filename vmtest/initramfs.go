package vmtest

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cavaliergopher/cpio"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest/internal/agentbin"
)

// bootModules are what the agent needs to speak to the host, and what most tests
// want: loaded once, they cost no clone anything. The kernel asks for the others
// when it misses them.
var bootModules = []string{
	"virtio_pci", "virtio_console", "virtio_net?",
	"veth?", "dummy?", "tun?", "sch_ingress?", "cls_bpf?",
}

// initramfs makes the archive a machine starts from: the agent, as init and as
// modprobe, and the kernel's modules with an index of them. Equal inputs give
// equal bytes. It is not compressed: unpacking costs the guest more than reading.
func initramfs(image *kernels.Image) ([]byte, error) {
	agent, err := agentbin.Bytes()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	a := archive{w: cpio.NewWriter(&out)}
	for _, dir := range []string{"sbin", "lib", "lib/assay", "lib/modules"} {
		a.dir(dir)
	}
	a.file("sbin/init", 0o755, agent)
	a.file("sbin/modprobe", 0o755, agent)
	load, err := image.ModuleClosure(bootModules)
	if err != nil {
		return nil, err
	}
	set := moduleSet{image: image, add: func(name string, ko []byte) { a.file(name, 0o644, ko) }}
	index, err := set.modules(append(wantedModules(image), bootModules...))
	if err != nil {
		return nil, err
	}
	a.file("lib/assay/load", 0o644, []byte(strings.Join(moduleNames(load), "\n")))
	a.file(moduleIndex, 0o644, index)
	if a.err == nil {
		a.err = a.w.Close()
	}
	return out.Bytes(), a.err
}

func moduleNames(modules []kernels.Module) (s []string) {
	for _, m := range modules {
		s = append(s, m.Name)
	}
	return s
}

// wantedModules are those the catalogue lists for the kernel. One the catalogue
// does not know gets what it has of the newest series' list.
func wantedModules(image *kernels.Image) []string {
	if e, ok := kernels.Series(image.Series); ok && image.Source == "debian" {
		return e.Modules
	}
	all := kernels.All()
	var list []string
	for _, name := range all[len(all)-1].Modules {
		list = append(list, strings.TrimSuffix(name, "?")+"?")
	}
	return list
}

// archive writes entries and keeps the first error.
type archive struct {
	w   *cpio.Writer
	err error
}

func (a *archive) entry(name string, mode cpio.FileMode, data []byte) {
	if a.err != nil {
		return
	}
	h := &cpio.Header{Name: name, Mode: mode, Size: int64(len(data)), ModTime: time.Unix(0, 0)}
	if a.err = a.w.WriteHeader(h); a.err == nil && len(data) > 0 {
		_, a.err = a.w.Write(data)
	}
}

func (a *archive) dir(name string) { a.entry(name, cpio.TypeDir|0o755, nil) }

func (a *archive) file(name string, mode cpio.FileMode, data []byte) {
	a.entry(name, cpio.TypeReg|mode, data)
}

// moduleIndex is where the agent, as modprobe, looks for what modules there are.
const moduleIndex = "lib/assay/modules"

// moduleSet gathers modules of a kernel as files of a guest.
type moduleSet struct {
	image *kernels.Image
	add   func(name string, ko []byte)
}

// modules adds the modules, with those they depend on, and returns their index (see
// the agent).
func (a *moduleSet) modules(names []string) ([]byte, error) {
	wanted, err := a.image.ModuleClosure(names)
	if err != nil {
		return nil, err
	}
	var index bytes.Buffer
	for _, m := range wanted {
		ko, err := readModule(m)
		if err != nil {
			return nil, err
		}
		deps, err := a.image.ModuleClosure([]string{m.Name})
		if err != nil {
			return nil, err
		}
		aliases, err := moduleAliases(ko)
		if err != nil {
			return nil, fmt.Errorf("read module %s: %w", m.Name, err)
		}
		a.add(modulePath(m), ko)
		fmt.Fprintf(&index, "%s\t/%s\t%s\t%s\n", m.Name, modulePath(m),
			strings.Join(moduleNames(deps[:len(deps)-1]), " "), strings.Join(aliases, " "))
	}
	return index.Bytes(), nil
}

// modulePath is where a module lies in a guest, without the first slash.
func modulePath(m kernels.Module) string { return "lib/modules/" + m.Name + ".ko" }

func readModule(m kernels.Module) ([]byte, error) {
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// moduleAliases returns the names the kernel may ask for a module by. Those of
// devices are left out: nothing in the guest reads uevents.
func moduleAliases(ko []byte) (aliases []string, err error) {
	f, err := elf.NewFile(bytes.NewReader(ko))
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, nil
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for kv := range strings.SplitSeq(string(info), "\x00") {
		if alias, ok := strings.CutPrefix(kv, "alias="); ok && !strings.Contains(alias, ":") {
			aliases = append(aliases, alias)
		}
	}
	return aliases, nil
}
