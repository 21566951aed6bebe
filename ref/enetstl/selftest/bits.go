package selftest

import (
	"math/bits"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/ref/internal/model"
)

// words are numbers worth trying: the edges, and random ones with few or many bits.
func words(c *caller, random int) []uint64 {
	list := []uint64{0, 1, 2, 3, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 63, 1<<63 | 1, ^uint64(0)}
	for i := range 64 {
		list = append(list, 1<<i)
	}
	for range random {
		x := c.rand.Uint64()
		list = append(list, x, x&c.rand.Uint64()&c.rand.Uint64(), x>>c.rand.IntN(64))
	}
	return list
}

func testBits(t *T) {
	c := newCaller(t, "ffs", "fls", "popcount", "tzcnt", "lzcnt", "pdep", "pext")
	list := words(c, 100)
	for i, x := range list {
		c.want("ffs", 0, 0, x, 0, int64(model.FFS(x)))
		c.want("fls", 0, 0, x, 0, int64(bits.Len64(x)))
		c.want("popcount", 0, 0, x, 0, int64(bits.OnesCount64(x)))
		c.want("tzcnt", 0, 0, x, 0, int64(bits.TrailingZeros64(x)))
		c.want("lzcnt", 0, 0, x, 0, int64(bits.LeadingZeros64(x)))
		mask := list[(i*7+3)%len(list)]
		c.want("pdep", 0, 0, x, mask, int64(model.PDep(x, mask)))
		c.want("pext", 0, 0, x, mask, int64(model.PExt(x, mask)))
	}
	testTree(t)
}

// testTree sets and clears random bits of trees of bitmaps, and looks for the first.
func testTree(t *T) {
	c := newCaller(t, "tree_set", "tree_clear", "tree_first")
	for _, levels := range []int{1, 2, 3} {
		words := []int{0, 1, 65, 4161}[levels]
		size, m := 1<<(6*levels), words*8
		clear(c.table)
		set := map[int]bool{}
		for range 600 {
			bit := c.rand.IntN(size)
			if c.rand.IntN(5) == 0 {
				bit = []int{0, 63, 64 % size, size - 1}[c.rand.IntN(4)]
			}
			if c.rand.IntN(3) > 0 {
				set[bit] = true
				c.want("tree_set", 0, m, uint64(bit), 0, 0)
			} else {
				delete(set, bit)
				c.want("tree_clear", 0, m, uint64(bit), 0, 0)
			}
			from := c.rand.IntN(size)
			c.want("tree_first", 0, m, uint64(from), 0, first(set, from))
		}
		c.want("tree_first", 0, m, 0, 0, first(set, 0))
		c.want("tree_first", 0, m, uint64(size), 0, -int64(unix.ENOENT))
		c.want("tree_set", 0, m, uint64(size), 0, -int64(unix.EINVAL))
		c.want("tree_clear", 0, m, ^uint64(0), 0, -int64(unix.EINVAL))
		c.want("tree_set", 0, m-8, 0, 0, -int64(unix.EINVAL))
		c.want("tree_set", 0, m+1, 0, 0, -int64(unix.EINVAL))
	}
}

func first(set map[int]bool, from int) int64 {
	var list []int
	for bit := range set {
		if bit >= from {
			list = append(list, bit)
		}
	}
	if len(list) == 0 {
		return -int64(unix.ENOENT)
	}
	return int64(slices.Min(list))
}
