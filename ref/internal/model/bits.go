package model

import "math/bits"

// FFS is the position of the lowest set bit, from 1; 0 if none is.
func FFS(x uint64) uint32 {
	if x == 0 {
		return 0
	}
	return uint32(bits.TrailingZeros64(x)) + 1
}

// PDep deposits the low bits of x at the set bits of mask, lowest first.
func PDep(x, mask uint64) (out uint64) {
	for at := range 64 {
		if mask>>at&1 == 1 {
			out |= x & 1 << at
			x >>= 1
		}
	}
	return out
}

// PExt gathers the bits of x at the set bits of mask into the low bits.
func PExt(x, mask uint64) (out uint64) {
	n := 0
	for at := range 64 {
		if mask>>at&1 == 1 {
			out |= x >> at & 1 << n
			n++
		}
	}
	return out
}
