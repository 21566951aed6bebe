package selftest

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// testRanked pushes and pops at random, and compares with a list that is sorted, and
// stable.
func testRanked(t *T) {
	nothingLeft(t)
	p := newProxy(t, ranked, 500, 16, 0)
	type item struct{ rank, serial uint64 }
	var list []item
	serial := uint64(0)
	for range 4000 {
		switch p.rand.IntN(5) {
		case 0, 1, 2:
			serial++
			it := item{p.rand.Uint64N(40), serial}
			if p.rand.IntN(10) == 0 {
				it.rank = ^uint64(0) - it.rank
			}
			p.in(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, it.rank), it.serial))
			if len(list) == 500 {
				p.want("ranked_push", -int64(unix.ENOSPC), int(it.rank))
				continue
			}
			p.want("ranked_push", 0, int(it.rank))
			at, _ := slices.BinarySearchFunc(list, it, func(a, b item) int {
				if a.rank <= b.rank { // behind those of equal rank
					return -1
				}
				return 1
			})
			list = slices.Insert(list, at, it)
		case 3:
			got := p.out(16)
			function, numbers := "ranked_pop", []int(nil)
			due := len(list) > 0
			if p.rand.IntN(2) == 0 {
				bound := p.rand.IntN(60)
				function, numbers = "ranked_pop_due", []int{bound}
				due = due && list[0].rank <= uint64(bound)
			}
			if !due {
				p.want(function, -int64(unix.ENOENT), numbers...)
				continue
			}
			p.want(function, 0, numbers...)
			if r, s := binary.LittleEndian.Uint64(got), binary.LittleEndian.Uint64(got[8:]); r != list[0].rank || s != list[0].serial {
				t.Errorf("%s gives rank %d, number %d; want %+v", function, r, s, list[0])
			}
			list = list[1:]
		default:
			got := p.out(8)
			if len(list) == 0 {
				p.want("ranked_peek", -int64(unix.ENOENT))
				continue
			}
			p.want("ranked_peek", 0)
			if r := binary.LittleEndian.Uint64(got); r != list[0].rank {
				t.Errorf("the least rank is %d, want %d", r, list[0].rank)
			}
		}
		p.want("proxy_count", int64(len(list)))
		if len(t.faults) > 0 {
			return
		}
	}
	p.removeRanked(len(list))
}

// removeRanked removes nodes by id, from the middle, and sees the others in order.
func (p *proxy) removeRanked(n int) {
	for slot := range 500 {
		id := int(p.call("node_nth", slot))
		if id == 0 || slot%2 == 0 {
			continue
		}
		p.want("node_remove", 0, id)
		n--
	}
	p.want("proxy_count", int64(n))
	last := uint64(0)
	for range n {
		got := p.out(16)
		p.want("ranked_pop", 0)
		if r := binary.LittleEndian.Uint64(got); r < last {
			p.t.Errorf("rank %d comes after %d", r, last)
		} else {
			last = r
		}
	}
	p.out(16)
	p.want("ranked_pop", -int64(unix.ENOENT))
	einval := -int64(unix.EINVAL)
	p.out(15)
	p.want("ranked_pop", einval)
	p.in(make([]byte, 17))
	p.want("ranked_push", einval, 0)
	p.out(9)
	p.want("ranked_peek", einval)
	p.want("node_new", 0)
	p.want("ordered_seek", 0)
}
