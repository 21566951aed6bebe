package selftest

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// nothing is EN_NOTHING of compare.h.
const nothing = -1

func testCompare(t *T) {
	c := newCaller(t, "find_u16", "find_u32", "mask_u16", "mask_u32", "min_u16", "max_u16", "min_u32", "max_u32", "equal")
	sizes := []int{0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 30, 32, 34, 62, 64, 128, 130, 254, 256, 258, 260, 288, 300, 1022, 4096, 4100}
	for _, size := range sizes {
		for range 12 {
			c.fill(c.table[:size])
			if c.rand.IntN(2) == 0 { // few values, so that there are equals
				for i := range size {
					c.table[i] &= 1
				}
			}
			testArray(c, size, 2, "u16")
			testArray(c, size, 4, "u32")
		}
	}
	testEqual(c)
}

// testArray searches an array of elements of so many bytes.
func testArray(c *caller, size, width int, suffix string) {
	if size%width != 0 {
		c.want("find_"+suffix, 0, size, 0, 0, -int64(unix.EINVAL))
		c.want("mask_"+suffix, 0, size, 0, 0, 0)
		c.want("min_"+suffix, 0, size, 0, 0, nothing)
		c.want("max_"+suffix, 0, size, 0, 0, nothing)
		return
	}
	a := elements(c.table[:size], width)
	value := c.rand.Uint32()
	if width == 2 {
		value &= 0xffff
	}
	if len(a) > 0 && c.rand.IntN(4) > 0 {
		value = a[c.rand.IntN(len(a))]
	}
	find, mask := int64(-int64(unix.ENOENT)), uint64(0)
	least, most := 0, 0
	for i := len(a) - 1; i >= 0; i-- {
		if a[i] == value {
			find = int64(i)
			mask |= 1 << i
		}
		if a[i] <= a[least] || i == len(a)-1 {
			least = i
		}
		if a[i] >= a[most] || i == len(a)-1 {
			most = i
		}
	}
	c.want("find_"+suffix, 0, size, uint64(value), 0, find)
	if len(a) > 64 {
		mask = 0
	}
	c.want("mask_"+suffix, 0, size, uint64(value), 0, int64(mask))
	if len(a) == 0 {
		c.want("min_"+suffix, 0, size, 0, 0, nothing)
		c.want("max_"+suffix, 0, size, 0, 0, nothing)
		return
	}
	c.want("min_"+suffix, 0, size, 0, 0, int64(least)<<32|int64(a[least]))
	c.want("max_"+suffix, 0, size, 0, 0, int64(most)<<32|int64(a[most]))
}

func elements(b []byte, width int) (list []uint32) {
	for ; len(b) > 0; b = b[width:] {
		if width == 2 {
			list = append(list, uint32(binary.LittleEndian.Uint16(b)))
		} else {
			list = append(list, binary.LittleEndian.Uint32(b))
		}
	}
	return list
}

// testEqual compares buffers that differ in one byte, in each, and in none.
func testEqual(c *caller) {
	for n := range 50 {
		c.fill(c.key[:n])
		copy(c.other, c.key[:n])
		c.want("equal", n, n, 0, 0, 1)
		for at := range n {
			c.other[at] ^= 1 << c.rand.IntN(8)
			if bytes.Equal(c.key[:n], c.other[:n]) {
				c.t.Fatalf("the test changes nothing")
			}
			c.want("equal", n, n, 0, 0, 0)
			c.other[at] = c.key[at]
		}
		c.want("equal", n, n+1, 0, 0, 0)
	}
}
