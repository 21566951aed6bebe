package model

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// LanesMax bounds lanes, hashes of a Bloom filter, and rows of a table.
const LanesMax = 16

// Secrets: fractional bits of the square roots of 2, 3, 5, 7 and 11, made odd.
const (
	secret0 = 0x6a09e667f3bcc909
	secret1 = 0xbb67ae8584caa73b
	secret2 = 0x3c6ef372fe94f82b
	secret3 = 0xa54ff53a5f1d36f1
	secret4 = 0x510e527fade682d1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC32C is the checksum of RFC 3720 but for the inversions.
func CRC32C(data []byte, seed uint32) uint32 { return ^crc32.Update(^seed, castagnoli, data) }

// Fold multiplies and folds the product by XOR of its halves.
func Fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Key is the hash of a key that all others begin with. The key must not be empty.
func Key(key []byte, seed uint64) uint64 {
	n := len(key)
	le := binary.LittleEndian
	var a, b uint64
	switch {
	case n > 16:
		for p := key; len(p) > 16; p = p[16:] {
			seed = Fold(le.Uint64(p)^secret2, le.Uint64(p[8:])^seed)
		}
		a, b = le.Uint64(key[n-16:]), le.Uint64(key[n-8:])
	case n >= 8:
		a, b = le.Uint64(key), le.Uint64(key[n-8:])
	case n >= 4:
		a, b = uint64(le.Uint32(key)), uint64(le.Uint32(key[n-4:]))
	default:
		a = uint64(key[0]) | uint64(key[n>>1])<<8 | uint64(key[n-1])<<16
	}
	return Fold(a^secret0^uint64(n), b^secret1^seed)
}

// Lane is the i-th 64 bits of what a key's hash is spread to.
func Lane(hash uint64, i int) uint64 {
	return Fold(hash^secret3, hash+secret4*uint64(i+1))
}

// Hash is the 64-bit hash of a key; 0 for none.
func Hash(key []byte, seed uint64) uint64 {
	if len(key) == 0 {
		return 0
	}
	return Lane(Key(key, seed), 0)
}

// Lanes are n independent hashes of 32 bits.
func Lanes(key []byte, n int) []uint32 {
	hash := Key(key, 0)
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(Lane(hash, i/2) >> (i % 2 * 32))
	}
	return out
}

// Columns are k independent numbers below 1 << shift: where a key is in the rows of a
// table, or in a Bloom filter.
func Columns(key []byte, shift, k int) []uint32 {
	hash := Key(key, 0)
	perLane := 64 / shift
	out := make([]uint32, k)
	for i := range out {
		out[i] = uint32(Lane(hash, i/perLane) >> (i % perLane * shift) & (1<<shift - 1))
	}
	return out
}

// A Place is where a key may be among the buckets of a cuckoo hash table.
type Place struct {
	Signature     uint16 // never 0
	First, Second uint32
}

// PlaceOf places a key among buckets, a power of two.
func PlaceOf(key []byte, buckets uint32) Place {
	lane := Hash(key, 0)
	p := Place{Signature: uint16(lane >> 48), First: uint32(lane) & (buckets - 1)}
	if p.Signature == 0 {
		p.Signature = 1
	}
	p.Second = Other(p.First, p.Signature, buckets)
	return p
}

// Other is the other bucket of an entry that is in one.
func Other(bucket uint32, signature uint16, buckets uint32) uint32 {
	return (bucket ^ uint32(signature)*0x5bd1e995) & (buckets - 1)
}
