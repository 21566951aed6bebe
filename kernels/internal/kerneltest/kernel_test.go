package kerneltest

import (
	"bytes"
	"io"
	"testing"

	"github.com/assay-lab/assay/kernels/internal/compress"
)

// What Compress makes must come out again, in particular the hand-made xz.
func TestCompress(t *testing.T) {
	want := bytes.Repeat([]byte("not all that random "), 10_000) // more than one LZMA2 chunk
	for _, name := range []string{"gzip", "xz", "zstd", "lz4"} {
		t.Run(name, func(t *testing.T) {
			rc, got, err := compress.Open(bytes.NewReader(Compress(name, want)))
			if err != nil {
				t.Fatal(err)
			}
			defer rc.Close()
			if got != name {
				t.Errorf("compression is recognised as %q, want %q", got, name)
			}
			data, err := io.ReadAll(rc)
			if err != nil || !bytes.Equal(data, want) {
				t.Errorf("got %d bytes and error %v, want the %d that went in", len(data), err, len(want))
			}
		})
	}
}
