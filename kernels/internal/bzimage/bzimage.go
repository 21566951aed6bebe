// Package bzimage reads Linux kernel images for x86: the bzImage that
// bootloaders take, and the ELF file inside it.
//
// The bzImage layout is documented in the kernel's own
// Documentation/arch/x86/boot.rst; offsets below are from there.
package bzimage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/compress"
)

// Offsets in the setup header of a bzImage.
const (
	offSetupSects    = 0x1f1 // u8: 512-byte sectors of real-mode code, less one
	offMagic         = 0x202 // "HdrS"
	offProtocol      = 0x206 // u16: boot protocol version
	offVersionString = 0x20e // u16: file offset of the version string, less 0x200
	offPayload       = 0x248 // u32: payload, relative to the protected-mode code
	offPayloadLen    = 0x24c // u32
	headerEnd        = 0x250

	protoPayload = 0x0208 // first protocol that states where the payload is
	maxVmlinux   = 1 << 30
	maxFile      = 2 << 30
)

// ErrNotKernel is returned for a file that is neither a bzImage nor an x86-64
// ELF kernel.
var ErrNotKernel = errors.New("neither a bzImage nor an x86-64 ELF kernel")

// An Image is a kernel image in memory.
type Image struct {
	// Release is what uname -r prints on this kernel.
	Release string
	// ELF tells that the file is an ELF kernel, not a bzImage.
	ELF bool

	data    []byte // the whole file
	payload []byte // compressed kernel, without the size that trails it
	size    int64  // of the payload once unpacked; 0 if not stated
}

// Read reads and recognises the kernel image in the file name. It fails with
// ErrNotKernel if the file is something else.
func Read(name string) (*Image, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("read kernel %s: not a regular file", name)
	}
	if st.Size() > maxFile {
		return nil, fmt.Errorf("read kernel %s: %d bytes, more than any kernel has", name, st.Size())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	img, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read kernel %s: %w", name, err)
	}
	return img, nil
}

// Parse recognises the kernel image in data, which it keeps and does not
// change.
func Parse(data []byte) (*Image, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\x7fELF")):
		return parseELF(data)
	case len(data) >= headerEnd && string(data[offMagic:offMagic+4]) == "HdrS":
		return parseBzImage(data)
	}
	return nil, ErrNotKernel
}

func parseELF(data []byte) (*Image, error) {
	if err := checkELF(data); err != nil {
		return nil, err
	}
	rel, err := bannerRelease(data)
	if err != nil {
		return nil, err
	}
	return &Image{Release: rel, ELF: true, data: data}, nil
}

func parseBzImage(data []byte) (*Image, error) {
	rel, err := headerRelease(data)
	if err != nil {
		return nil, err
	}
	img := &Image{Release: rel, data: data}
	if proto := binary.LittleEndian.Uint16(data[offProtocol:]); proto < protoPayload {
		return img, nil // bootable, but its ELF cannot be found
	}
	sects := int64(data[offSetupSects])
	if sects == 0 {
		sects = 4 // as the boot protocol prescribes
	}
	off := (sects+1)*512 + int64(binary.LittleEndian.Uint32(data[offPayload:]))
	n := int64(binary.LittleEndian.Uint32(data[offPayloadLen:]))
	if n < 8 || off+n > int64(len(data)) {
		return nil, fmt.Errorf("bzImage is cut short: payload ends at byte %d, file has %d", off+n, len(data))
	}
	// The kernel's build appends the unpacked size to the compressed stream
	// (scripts/Makefile.lib, size_append); it is not part of the stream.
	end := off + n - 4
	img.payload = data[off:end]
	img.size = int64(binary.LittleEndian.Uint32(data[end:]))
	return img, nil
}

// headerRelease takes the release from the version string that every bzImage
// carries: "6.12.107 (builder@host) #1 SMP …".
func headerRelease(data []byte) (string, error) {
	off := 0x200 + int(binary.LittleEndian.Uint16(data[offVersionString:]))
	if off == 0x200 || off >= len(data) {
		return "", errors.New("bzImage states no version")
	}
	text := data[off:min(off+256, len(data))]
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	rel, _, _ := strings.Cut(string(text), " ")
	if !plausibleRelease(rel) {
		return "", fmt.Errorf("bzImage states an odd version %q", rel)
	}
	return rel, nil
}

// plausibleRelease keeps bytes that are no kernel release out of file names.
func plausibleRelease(s string) bool {
	if s == "" || len(s) > 64 || s[0] < '0' || s[0] > '9' {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".-+_~", r))
	}) < 0
}

// PVH tells whether an ELF image has the PVH note. Of a bzImage, HasPVH tells
// when it is unpacked.
func (i *Image) PVH() (bool, error) {
	if !i.ELF {
		return false, nil
	}
	return HasPVH(bytes.NewReader(i.data))
}

// WriteVmlinux writes the uncompressed ELF kernel to w. It fails with
// compress.ErrUnknown if the payload's compression is not known here.
func (i *Image) WriteVmlinux(w io.Writer) error {
	if i.ELF {
		_, err := w.Write(i.data)
		return err
	}
	if i.payload == nil {
		return fmt.Errorf("unpack kernel: %w: boot protocol too old", compress.ErrUnknown)
	}
	if bytes.HasPrefix(i.payload, []byte("\x7fELF")) {
		_, err := w.Write(i.payload)
		return err
	}
	if i.size > maxVmlinux {
		return fmt.Errorf("unpack kernel: states %d bytes, more than any kernel has", i.size)
	}
	rc, name, err := compress.Open(bytes.NewReader(i.payload))
	if err != nil {
		return fmt.Errorf("unpack kernel: %w", err)
	}
	defer rc.Close()
	// One byte more than stated, to notice a payload that is longer.
	n, err := io.Copy(w, io.LimitReader(rc, i.size+1))
	if err != nil {
		return fmt.Errorf("unpack kernel (%s): %w", name, err)
	}
	if n != i.size {
		return fmt.Errorf("unpack kernel (%s): got %d bytes, header states %d", name, n, i.size)
	}
	return nil
}
