package model

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// keySets are keys of the kinds that networks have: the ones that make weak hashes weak
// differ in few bits, in few places, in sequence.
var keySets = map[string]func(i uint32) []byte{
	"sequential ports": func(i uint32) []byte {
		k := make([]byte, 13)
		copy(k, []byte{10, 0, 0, 1, 10, 0, 0, 2})
		binary.BigEndian.PutUint32(k[8:], i)
		k[12] = 17
		return k
	},
	"sequential addresses": func(i uint32) []byte {
		k := make([]byte, 13)
		binary.BigEndian.PutUint32(k, 10<<24+i)
		copy(k[4:], []byte{192, 168, 1, 1, 0x30, 0x39, 0, 80, 6})
		return k
	},
	"two fields in step": func(i uint32) []byte {
		k := make([]byte, 13)
		binary.BigEndian.PutUint32(k, 10<<24+i)
		binary.BigEndian.PutUint32(k[4:], 10<<24+i)
		return k
	},
	"32-bit numbers": func(i uint32) []byte { return binary.LittleEndian.AppendUint32(nil, i) },
	"64-bit numbers": func(i uint32) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(i)<<32) },
	"high bits only": func(i uint32) []byte { return binary.LittleEndian.AppendUint64(nil, bits.Reverse64(uint64(i))) },
	"IPv6": func(i uint32) []byte {
		k := make([]byte, 37)
		binary.BigEndian.PutUint32(k[12:], i)
		return k
	},
}

const samples = 1 << 17

// chiSquare is how far counts are from uniform, in standard deviations of what
// independent draws would give.
func chiSquare(counts []uint32, n float64) float64 {
	expect := n / float64(len(counts))
	sum := 0.0
	for _, c := range counts {
		d := float64(c) - expect
		sum += d * d / expect
	}
	free := float64(len(counts) - 1)
	return (sum - free) / math.Sqrt(2*free)
}

// tolerance in standard deviations: of some 1,000 tests here, all of fixed inputs, no
// honest hash goes beyond.
const tolerance = 5.5

// Every column of every row is as likely as the others, and a row's column tells nothing
// about another row's: pairs are uniform over the square.
func TestRowsAreIndependent(t *testing.T) {
	const shift, rows = 8, 8
	for name, key := range keySets {
		single := make([][]uint32, rows)
		pair := make([][]uint32, rows*rows)
		for i := range samples {
			c := Columns(key(uint32(i)), shift, rows)
			for a := range rows {
				count(&single[a], 1<<shift, c[a])
				for b := range a {
					count(&pair[a*rows+b], 1<<(2*shift), c[a]<<shift|c[b])
				}
			}
		}
		for a := range rows {
			if x := chiSquare(single[a], samples); x > tolerance {
				t.Errorf("%s: columns of row %d are not uniform: %.1f standard deviations", name, a, x)
			}
			for b := range a {
				if x := chiSquare(pair[a*rows+b], samples); math.Abs(x) > tolerance {
					t.Errorf("%s: rows %d and %d depend on each other: %.1f standard deviations", name, a, b, x)
				}
			}
		}
	}
}

func count(counts *[]uint32, n int, at uint32) {
	if *counts == nil {
		*counts = make([]uint32, n)
	}
	(*counts)[at]++
}

// The test above finds the fault of rows made by the seeds of a CRC: this proves that
// it can fail.
func TestCRCRowsAreNotIndependent(t *testing.T) {
	const shift = 8
	var pair []uint32
	for i := range samples {
		k := keySets["sequential ports"](uint32(i))
		a, b := CRC32C(k, 11)&(1<<shift-1), CRC32C(k, 23)&(1<<shift-1)
		count(&pair, 1<<(2*shift), a<<shift|b)
	}
	if x := chiSquare(pair, samples); x < 1000 {
		t.Errorf("rows by the seeds of a CRC seem independent: %.1f standard deviations", x)
	}
}

// Two keys that collide in one row collide in another as often as any two: what makes a
// count-min sketch of several rows better than one.
func TestCollisionsAreIndependent(t *testing.T) {
	const shift, rows, keys = 10, 4, 4000
	for name, key := range keySets {
		byColumn := map[uint32][][]uint32{}
		for i := range uint32(keys) {
			c := Columns(key(i*7), shift, rows)
			byColumn[c[0]] = append(byColumn[c[0]], c)
		}
		pairs, both := 0, 0
		for _, group := range byColumn {
			for i := range group {
				for _, other := range group[:i] {
					pairs++
					for r := 1; r < rows; r++ {
						if group[i][r] == other[r] {
							both++
						}
					}
				}
			}
		}
		want := float64(pairs) * (rows - 1) / (1 << shift)
		if d := math.Abs(float64(both)-want) / math.Sqrt(want); d > 4.5 {
			t.Errorf("%s: of %d pairs that collide in row 0, %d collide in another, want %.0f", name, pairs, both, want)
		}
	}
}

// One bit of the key changes every bit of the hash half of the time.
func TestAvalanche(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{3, 4, 7, 8, 13, 16, 17, 37} { // a single byte has too few keys to tell
		const rounds = 4000
		flips := make([][64]int, size*8)
		for range rounds {
			key := make([]byte, size)
			for i := range key {
				key[i] = byte(r.Uint32())
			}
			before := Hash(key, 0)
			for bit := range size * 8 {
				key[bit/8] ^= 1 << (bit % 8)
				for d := before ^ Hash(key, 0); d != 0; d &= d - 1 {
					flips[bit][bits.TrailingZeros64(d)]++
				}
				key[bit/8] ^= 1 << (bit % 8)
			}
		}
		for in := range flips {
			for out, n := range flips[in] {
				if d := math.Abs(float64(n)-rounds/2) / math.Sqrt(rounds/4); d > 6 {
					t.Errorf("key of %d bytes: bit %d changes bit %d in %d of %d", size, in, out, n, rounds)
				}
			}
		}
	}
}

// Signatures are uniform, given the bucket, and the second bucket is another one.
func TestPlaces(t *testing.T) {
	const buckets = 256
	for name, key := range keySets {
		var firsts, pairs []uint32
		same := 0
		for i := range samples {
			p := PlaceOf(key(uint32(i)), buckets)
			count(&firsts, buckets, p.First)
			count(&pairs, buckets*256, p.First<<8|uint32(p.Signature>>8))
			if p.First == p.Second {
				same++
			}
			if p.Signature == 0 || Other(p.Second, p.Signature, buckets) != p.First {
				t.Fatalf("%s: key %d has place %+v", name, i, p)
			}
		}
		if x := chiSquare(firsts, samples); x > tolerance {
			t.Errorf("%s: buckets are not uniform: %.1f standard deviations", name, x)
		}
		if x := chiSquare(pairs, samples); math.Abs(x) > tolerance {
			t.Errorf("%s: signatures depend on buckets: %.1f standard deviations", name, x)
		}
		if want := samples / buckets; same > want*2 {
			t.Errorf("%s: of %d keys, %d have one bucket only, want some %d", name, samples, same, want)
		}
	}
}
