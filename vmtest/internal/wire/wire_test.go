package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type body interface{ Marshal() []byte }

func TestBodiesSurviveTheTrip(t *testing.T) {
	for _, tt := range []struct {
		in  body
		out interface{ Unmarshal([]byte) error }
	}{
		{ReadyBody{"6.12.117", 5, []string{"a", ""}}, &ReadyBody{}},
		{WakeBody{[16]byte{1}, -7, [32]byte{2}}, &WakeBody{}},
		{AwakeBody{[16]byte{1}, [16]byte{2}, "clock"}, &AwakeBody{}},
		{RunBody{[]string{"a", "b"}, []string{"X=1"}, "/tmp", true, 24, 80, false, true}, &RunBody{}},
		{ExitBody{-1, 9, 1, 2, 3, 4, "gone", 5, "6,1,1,-;x", true}, &ExitBody{}},
		{GetBody{"/work", 1 << 60}, &GetBody{}},
		{EntryBody{"/etc/x", Symlink, 0o777, 1 << 40, "y"}, &EntryBody{}},
	} {
		b := tt.in.Marshal()
		if err := tt.out.Unmarshal(b); err != nil {
			t.Errorf("%T: %v", tt.in, err)
		}
		if d := cmp.Diff(b, tt.out.(body).Marshal()); d != "" {
			t.Errorf("%T changed on the trip (-sent +came):\n%s", tt.in, d)
		}
		for n := range b {
			if err := tt.out.Unmarshal(b[:n]); !errors.Is(err, errOutOfStep) {
				t.Fatalf("%T cut to %d of %d bytes: got %v, want %v", tt.in, n, len(b), err, errOutOfStep)
			}
		}
	}
}

func TestReadRefusesAStreamOutOfStep(t *testing.T) {
	long := Frame{Type: Data}.Append(nil)
	long[4] = 0xff
	for name, b := range map[string][]byte{"long": long, "console text": []byte("[    0.1] Kernel panic")} {
		if _, err := Read(bytes.NewReader(b)); !errors.Is(err, errOutOfStep) {
			t.Errorf("%s: got %v, want %v", name, err, errOutOfStep)
		}
	}
	cut := DataFrame(1, Stdout, []byte("half")).Append(nil)
	if _, err := Read(bytes.NewReader(cut[:10])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut frame: got %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

// A stream is sent through a reader that takes nothing at first: the sender
// must stop at one window, and all bytes must come in the end.
func TestFlow(t *testing.T) {
	const size = 3*Window + 17
	gate := NewGate()
	in := NewInbox(gate.Give)
	var sent int
	full := make(chan bool, 1)
	go func() {
		err := Copy(func(f Frame) error {
			_, p, err := SplitData(f.Body)
			if sent += len(p); sent == Window {
				full <- true
			}
			in.Push(p)
			return err
		}, 1, Stdout, gate, strings.NewReader(strings.Repeat("x", size)))
		if err != nil {
			t.Error(err)
		}
	}()
	<-full
	var got bytes.Buffer
	if _, err := in.WriteTo(&got); err != nil {
		t.Fatal(err)
	}
	if got.Len() != size {
		t.Errorf("got %d bytes, want %d", got.Len(), size)
	}
}

func TestInboxOutlivesItsWriter(t *testing.T) {
	passed := 0
	in := NewInbox(func(n int) { passed += n })
	in.Push([]byte("abc"))
	in.Push([]byte("def"))
	in.Push(nil)
	broken := errors.New("disk full")
	if _, err := in.WriteTo(failing{broken}); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if passed != 6 {
		t.Errorf("passed on %d bytes, want 6: the sender would wait for ever", passed)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzRead(f *testing.F) {
	f.Add(DataFrame(1, Stdout, []byte("x")).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		_ = new(RunBody).Unmarshal(fr.Body)
		_ = new(ReadyBody).Unmarshal(fr.Body)
		_ = new(EntryBody).Unmarshal(fr.Body)
	})
}
