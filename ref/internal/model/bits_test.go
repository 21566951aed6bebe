package model

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

func TestBits(t *testing.T) {
	for _, c := range []struct{ x, mask, dep, ext uint64 }{
		{0, 0, 0, 0},
		{0b101, 0b11100, 0b10100, 0b1},
		{^uint64(0), 0xf0f0, 0xf0f0, 0xff},
		{0x1234567890abcdef, ^uint64(0), 0x1234567890abcdef, 0x1234567890abcdef},
		{1, 1 << 63, 1 << 63, 0},
	} {
		if got := PDep(c.x, c.mask); got != c.dep {
			t.Errorf("PDep(%#x, %#x) = %#x, want %#x", c.x, c.mask, got, c.dep)
		}
		if got := PExt(c.x, c.mask); got != c.ext {
			t.Errorf("PExt(%#x, %#x) = %#x, want %#x", c.x, c.mask, got, c.ext)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		x, mask := r.Uint64(), r.Uint64()
		n := bits.OnesCount64(mask)
		if got, want := PExt(PDep(x, mask), mask), x&(1<<n-1); got != want {
			t.Fatalf("PExt(PDep(%#x)) by %#x = %#x, want %#x", x, mask, got, want)
		}
	}
	if FFS(0) != 0 || FFS(1) != 1 || FFS(1<<63) != 64 {
		t.Errorf("FFS: %d %d %d", FFS(0), FFS(1), FFS(1<<63))
	}
}

func TestCRC32C(t *testing.T) {
	if got := ^CRC32C([]byte("123456789"), ^uint32(0)); got != 0xe3069283 {
		t.Errorf("check value %#x, want 0xe3069283", got)
	}
}
