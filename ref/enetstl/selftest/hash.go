package selftest

import (
	"encoding/binary"
	"math/bits"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/ref/internal/model"
)

// Shapes of tables, as hash.h has them.
const (
	atomic = 1 << 5
	oneRow = 1 << 6
)

func testHash(t *T) {
	c := newCaller(t, "crc32c", "hash", "hash_lanes", "hash_place", "hash_other")
	copy(c.key, "123456789")
	if got := ^uint32(c.call("crc32c", 9, 0, 0xffffffff, 0)); got != 0xe3069283 {
		t.Errorf("check value of crc32c is %#x, want 0xe3069283", got)
	}
	for n := 0; n <= 80; n++ {
		c.fill(c.key)
		key, seed := c.key[:n], c.rand.Uint64()
		c.want("crc32c", n, 0, seed&0xffffffff, 0, int64(model.CRC32C(key, uint32(seed))))
		c.want("hash", n, 0, seed, 0, int64(model.Hash(key, seed)))
		if n == 0 {
			c.want("hash_lanes", 0, 4, 0, 0, -int64(unix.EINVAL))
			c.want("hash_place", 0, 0, 16, 0, 0)
			continue
		}
		lanes := 1 + c.rand.IntN(model.LanesMax)
		c.want("hash_lanes", n, lanes*4, 0, 0, 0)
		for i, want := range model.Lanes(key, lanes) {
			if got := binary.LittleEndian.Uint32(c.table[i*4:]); got != want {
				t.Errorf("lane %d of %d of %x is %#x, want %#x", i, lanes, key, got, want)
			}
		}
		buckets := uint32(1) << c.rand.IntN(25)
		p := model.PlaceOf(key, buckets)
		c.want("hash_place", n, 0, uint64(buckets), 0, int64(uint64(p.Signature)<<48|uint64(p.Second)<<24|uint64(p.First)))
		c.want("hash_other", 0, 0, uint64(p.Second)|uint64(p.Signature)<<32, uint64(buckets), int64(p.First))
	}
	for _, buckets := range []uint64{0, 3, 1 << 25, 1<<24 + 1} {
		c.want("hash_place", 8, 0, buckets, 0, 0)
	}
	for _, m := range []int{0, 3, 4*model.LanesMax + 4} {
		c.want("hash_lanes", 8, m, 0, 0, -int64(unix.EINVAL))
	}
	testSketch(t)
	testBloom(t)
	testFind(t)
}

// testSketch counts in tables of every shape, and keeps the same table in Go.
func testSketch(t *T) {
	c := newCaller(t, "hash_count", "hash_count_min", "hash_min")
	for shift := 1; shift <= 12; shift++ {
		for _, rows := range []int{1, 2, 4, 7, 8, 16} {
			m := rows << shift * 4
			if m > maxTable {
				continue
			}
			clear(c.table)
			want := make([]uint32, rows<<shift)
			for range 30 {
				n := 1 + c.rand.IntN(40)
				c.fill(c.key[:n])
				add := c.rand.Uint32N(1000) + 1
				shape := uint64(shift) | uint64(add-1)<<32
				least := count(want, c.key[:n], shift, rows, -1, add)
				switch c.rand.IntN(4) {
				case 0:
					c.want("hash_count", n, m, shape, 0, 0)
				case 1:
					c.want("hash_count", n, m, shape|atomic, 0, 0)
				case 2:
					c.want("hash_count_min", n, m, shape, 0, int64(least))
				default:
					c.want("hash_count_min", n, m, shape|atomic, 0, int64(least))
				}
				c.want("hash_min", n, m, uint64(shift), 0, int64(least))
				row := c.rand.IntN(rows)
				count(want, c.key[:n], shift, rows, row, add)
				c.want("hash_count", n, m, shape|oneRow|uint64(row)<<8, 0, 0)
			}
			for i, w := range want {
				if got := binary.LittleEndian.Uint32(c.table[i*4:]); got != w {
					t.Errorf("%d rows of 1<<%d: counter %d is %d, want %d", rows, shift, i, got, w)
				}
			}
			c.want("hash_count", 8, m, uint64(shift)|oneRow|uint64(rows)<<8, 0, -int64(unix.EINVAL))
		}
	}
	for _, bad := range []struct {
		n, m  int
		shape uint64
	}{{0, 64, 2}, {8, 64, 0}, {8, 4096, 25}, {8, 4096, 31}, {8, 15, 2}, {8, 0, 2}} {
		for _, f := range []string{"hash_count", "hash_count_min", "hash_min"} {
			c.want(f, bad.n, bad.m, bad.shape, 0, -int64(unix.EINVAL))
		}
	}
}

// count adds to a table, in one row or, if row is -1, in all, and returns the least of
// the key's counters.
func count(table []uint32, key []byte, shift, rows, row int, add uint32) uint32 {
	least := ^uint32(0)
	for r, column := range model.Columns(key, shift, rows) {
		if row >= 0 && r != row {
			continue
		}
		table[r<<shift+int(column)] += add
		least = min(least, table[r<<shift+int(column)])
	}
	return least
}

// testBloom puts keys into filters, and looks for them and for others.
func testBloom(t *T) {
	c := newCaller(t, "hash_set", "hash_test", "hash_or", "hash_and")
	for _, m := range []int{8, 9, 64, 1000, 65536} {
		clear(c.table)
		shift := bits.Len(uint(m)) - 1 + 3
		have := map[uint32]bool{}
		for range 60 {
			n, k := 1+c.rand.IntN(20), 1+c.rand.IntN(model.LanesMax)
			c.fill(c.key[:n])
			columns := model.Columns(c.key[:n], shift, k)
			all := int64(1)
			for _, b := range columns {
				if !have[b] {
					all = 0
				}
			}
			c.want("hash_test", n, m, uint64(k), 0, all)
			if c.rand.IntN(2) == 0 {
				// A position may come twice: the second time it is set.
				c.want("hash_set", n, m, uint64(k), 0, setAll(have, columns))
				c.want("hash_test", n, m, uint64(k), 0, 1)
			}
		}
	}
	for _, f := range []string{"hash_set", "hash_test"} {
		c.want(f, 8, 7, 3, 0, -int64(unix.EINVAL))
		c.want(f, 8, 64, 0, 0, -int64(unix.EINVAL))
		c.want(f, 8, 64, model.LanesMax+1, 0, -int64(unix.EINVAL))
		c.want(f, 0, 64, 3, 0, -int64(unix.EINVAL))
	}
	testVector(c)
}

func setAll(have map[uint32]bool, columns []uint32) int64 {
	all := int64(1)
	for _, b := range columns {
		if !have[b] {
			all = 0
		}
		have[b] = true
	}
	return all
}

// testVector does the same with 64 filters at a time.
func testVector(c *caller) {
	const k = 4
	for _, m := range []int{16, 800, 8192} {
		clear(c.table)
		shift := bits.Len(uint(m)) - 1 - 3
		words := make([]uint64, 1<<shift)
		for range 60 {
			n, filter := 1+c.rand.IntN(20), c.rand.IntN(64)
			c.fill(c.key[:n])
			columns := model.Columns(c.key[:n], shift, k)
			c.want("hash_or", n, m, k|uint64(filter)<<8, 0, 0)
			all := ^uint64(0)
			for _, w := range columns {
				words[w] |= 1 << filter
			}
			for _, w := range columns {
				all &= words[w]
			}
			c.want("hash_and", n, m, k, 0, int64(all))
		}
	}
	c.want("hash_or", 8, 800, k|64<<8, 0, -int64(unix.EINVAL))
	c.want("hash_or", 8, 8, k, 0, -int64(unix.EINVAL))
	c.want("hash_and", 8, 8, k, 0, 0)
}

// testFind fills a cuckoo table to 95 per cent, finds every key, and none that is not
// there.
func testFind(t *T) {
	c := newCaller(t, "hash_find")
	for _, l := range []layout{
		{ways: 4, stride: 8, keyLen: 13},
		{ways: 16, stride: 288, keysAt: 32, keyStride: 16, keyLen: 13},
		{ways: 8, stride: 80, keysAt: 16, keyStride: 8, keyLen: 5},
		{ways: 12, stride: 256, keysAt: 24, keyStride: 19, keyLen: 19},
	} {
		testFindLayout(c, l)
	}
	good := layout{ways: 4, stride: 40, keysAt: 8, keyStride: 8, keyLen: 8}
	for _, bad := range []layout{
		{ways: 3, stride: 40}, {ways: 0, stride: 40}, {ways: 20, stride: 400}, {ways: 4, stride: 7}, {ways: 4, stride: 0},
		{ways: 4, stride: 40, keysAt: 9, keyStride: 8}, {ways: 4, stride: 40, keysAt: 8, keyStride: 7},
	} {
		c.want("hash_find", 8, 4000, bad.packed(), 0, -int64(unix.EINVAL))
	}
	c.want("hash_find", 0, 4000, good.packed(), 0, -int64(unix.EINVAL))
	c.want("hash_find", 8, 39, good.packed(), 0, -int64(unix.EINVAL))
}
