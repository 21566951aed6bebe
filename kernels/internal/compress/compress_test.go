package compress

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestOpenUnknown(t *testing.T) {
	_, _, err := Open(strings.NewReader("plain text"))
	if !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v, want %v", err, ErrUnknown)
	}
}

func TestOpenAny(t *testing.T) {
	for _, text := range []string{"plain text", "x", ""} {
		rc, name, err := OpenAny(strings.NewReader(text))
		if err != nil || name != "" {
			t.Fatalf("%q: compression %q, error %v; want none", text, name, err)
		}
		if got, err := io.ReadAll(rc); err != nil || string(got) != text {
			t.Errorf("got %q, %v; want %q", got, err, text)
		}
	}
}

// A decoder must give an error, not hang or take all memory, whatever it reads.
func FuzzOpen(f *testing.F) {
	for _, fm := range formats {
		f.Add(append(bytes.Clone(fm.magic), make([]byte, 64)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rc, _, err := Open(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer rc.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(rc, 16<<20))
	})
}
