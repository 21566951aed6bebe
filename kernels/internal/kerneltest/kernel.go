package kerneltest

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// BTF is what the .BTF section of every Vmlinux with one holds.
var BTF = []byte("\x9f\xeb\x01\x00 not really BTF")

// A Kernel describes a kernel image to make. The zero value but for Release is
// a kernel as of before PVH and BTF.
type Kernel struct {
	Release string
	PVH     bool
	BTF     bool
	Config  string // embedded configuration, if any
}

// Vmlinux makes the ELF kernel.
func (k Kernel) Vmlinux() []byte {
	text := fmt.Sprintf("%%s version %%s\x00Linux version %%s (%%s)\x00Linux version %s (a@b) #1 SMP\x00", k.Release)
	if k.Config != "" {
		text += "IKCFG_ST" + string(Gzip([]byte(k.Config))) + "IKCFG_ED"
	}
	sections := []section{{".rodata", elf.SHT_PROGBITS, []byte(text)}}
	if k.PVH {
		notes := append(note("GNU", 3, 20), note("Xen", 18, 4)...)
		sections = append(sections, section{".notes", elf.SHT_NOTE, notes})
	}
	if k.BTF {
		sections = append(sections, section{".BTF", elf.SHT_PROGBITS, BTF})
	}
	return makeELF(elf.ET_EXEC, sections...)
}

// note makes an ELF note with a zero descriptor of n bytes.
func note(owner string, typ uint32, n int) []byte {
	var b bytes.Buffer
	write(&b, []uint32{uint32(len(owner) + 1), uint32(n), typ})
	b.WriteString(owner)
	b.Write(make([]byte, (len(owner)/4+1)*4-len(owner)))
	b.Write(make([]byte, (n+3)&^3))
	return b.Bytes()
}

// BzImage makes the bzImage, compressed by "gzip", "xz", "zstd", "lz4", or not
// at all ("").
func (k Kernel) BzImage(compression string) []byte {
	vmlinux := k.Vmlinux()
	payload := Compress(compression, vmlinux)
	payload = binary.LittleEndian.AppendUint32(payload, uint32(len(vmlinux)))

	const sects = 4
	img := make([]byte, (sects+1)*512)
	img[0x1f1] = sects
	copy(img[0x202:], "HdrS")
	binary.LittleEndian.PutUint16(img[0x206:], 0x020f)
	binary.LittleEndian.PutUint16(img[0x20e:], 0x300-0x200)
	copy(img[0x300:], k.Release+" (a@b) #1 SMP\x00")
	code := []byte("protected-mode code before the payload")
	binary.LittleEndian.PutUint32(img[0x248:], uint32(len(code)))
	binary.LittleEndian.PutUint32(img[0x24c:], uint32(len(payload)))
	img = append(append(img, code...), payload...)
	return append(img, "signature after the payload"...)
}

// Compress compresses data by "gzip", "xz", "zstd" or "lz4"; "" leaves it.
func Compress(compression string, data []byte) []byte {
	switch compression {
	case "":
		return bytes.Clone(data)
	case "gzip":
		return Gzip(data)
	case "xz":
		return XZ(data)
	case "zstd":
		e, err := zstd.NewWriter(nil)
		must(err)
		return e.EncodeAll(data, nil)
	case "lz4":
		var b bytes.Buffer
		w := lz4.NewWriter(&b)
		must(w.Apply(lz4.LegacyOption(true)))
		_, err := w.Write(data)
		must(err)
		must(w.Close())
		return b.Bytes()
	}
	panic("unknown compression " + compression)
}

// Gzip compresses data.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return b.Bytes()
}

// must panics on errors of writing into memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Module makes a kernel module that depends on others, for a kernel release.
func Module(release string, depends ...string) []byte {
	info := "license=GPL\x00depends=" + strings.Join(depends, ",") + "\x00vermagic=" + release + " SMP mod_unload modversions \x00"
	return makeELF(elf.ET_REL, section{".modinfo", elf.SHT_PROGBITS, []byte(info)})
}
