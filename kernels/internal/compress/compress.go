// Package compress opens compressed streams by what their first bytes say.
//
// Kernels, kernel modules and packages come in whatever compression their
// builder preferred that year, and file names do not tell (a bzImage's payload
// has none). Every decoder here streams and is bounded in memory; none bounds
// the length of its output, which is the caller's to cap.
package compress

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
	"github.com/pierrec/lz4/v4"
)

// maxWindow bounds the memory a decoder may take for its dictionary. The
// kernel's own scripts/xz_wrap.sh and `zstd -22 --ultra` both ask for 128 MiB.
const maxWindow = 128 << 20

// ErrUnknown is returned for a stream in none of the known formats.
var ErrUnknown = errors.New("unknown compression")

// A format is one way to compress: how it begins and how it is undone.
type format struct {
	name  string
	magic []byte
	open  func(io.Reader) (io.ReadCloser, error)
}

// formats lists what Open recognises. lz4 is the "legacy" frame, the only one
// the kernel's build writes (lib/decompress_unlz4.c).
var formats = []format{
	{"gzip", []byte{0x1f, 0x8b}, openGzip},
	{"xz", []byte{0xfd, '7', 'z', 'X', 'Z', 0}, openXZ},
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},
	{"lz4", []byte{0x02, 0x21, 0x4c, 0x18}, openLZ4},
	{"bzip2", []byte{'B', 'Z', 'h'}, openBzip2},
}

// Sniff names the compression of data that begins with head, or "" if it is
// none that Open knows.
func Sniff(head []byte) string {
	for _, f := range formats {
		if bytes.HasPrefix(head, f.magic) {
			return f.name
		}
	}
	return ""
}

// Open returns the uncompressed contents of r and the name of its compression.
// It fails with ErrUnknown if the first bytes belong to no known format. The
// caller closes the result to free the decoder; r itself is never closed.
func Open(r io.Reader) (io.ReadCloser, string, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(8)
	if err != nil && len(head) == 0 {
		return nil, "", fmt.Errorf("read compressed stream: %w", err)
	}
	for _, f := range formats {
		if !bytes.HasPrefix(head, f.magic) {
			continue
		}
		rc, err := f.open(br)
		if err != nil {
			return nil, f.name, fmt.Errorf("open %s stream: %w", f.name, err)
		}
		return rc, f.name, nil
	}
	return nil, "", fmt.Errorf("%w: first bytes % x", ErrUnknown, head)
}

// OpenAny is Open, but takes a stream in no known format as not compressed.
func OpenAny(r io.Reader) (io.ReadCloser, string, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(8)
	if err != nil && err != io.EOF {
		return nil, "", fmt.Errorf("read stream: %w", err)
	}
	if Sniff(head) == "" {
		return io.NopCloser(br), "", nil
	}
	return Open(br)
}

func openGzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

func openXZ(r io.Reader) (io.ReadCloser, error) {
	x, err := xz.NewReader(r, maxWindow)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(x), nil
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	// One goroutine: streams here are read once, in order, often two at a time.
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func openLZ4(r io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(lz4.NewReader(r)), nil
}

func openBzip2(r io.Reader) (io.ReadCloser, error) {
	return io.NopCloser(bzip2.NewReader(r)), nil
}
