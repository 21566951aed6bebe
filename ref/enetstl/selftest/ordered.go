package selftest

import (
	"bytes"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// testOrdered puts, finds, seeks and deletes at random, and compares with a sorted list.
func testOrdered(t *T) {
	nothingLeft(t)
	for _, key := range []int{1, 2, 4, 7, 8, 9, 13, 16, 40, 128} {
		payload := min(key+t.rest(key), nodeData)
		o := &orderedModel{proxy: newProxy(t, ordered, 4000, payload, key), key: key, payload: payload}
		for range 1200 {
			o.step()
			if len(t.faults) > 0 {
				return
			}
		}
		o.walk()
		o.refusals()
	}
}

// rest is how much payload there is besides a key: none, or not a multiple of 8, or more.
func (t *T) rest(key int) int { return []int{0, 8, 3, 20}[(uint64(key)+t.Seed)%4] }

// An orderedModel is the same nodes in Go, sorted.
type orderedModel struct {
	*proxy
	key, payload int
	list         [][]byte
}

// random is a payload whose key is often one that is there, or near one.
func (o *orderedModel) random() []byte {
	data := make([]byte, o.payload)
	o.fill(data)
	if o.rand.IntN(2) == 0 && len(o.list) > 0 {
		copy(data, o.list[o.rand.IntN(len(o.list))][:o.key])
		if o.rand.IntN(2) == 0 {
			data[o.key-1] ^= 1
		}
	}
	return data
}

func (o *orderedModel) search(key []byte) (int, bool) {
	return slices.BinarySearchFunc(o.list, key, func(have, key []byte) int { return bytes.Compare(have[:o.key], key) })
}

func (o *orderedModel) step() {
	data := o.random()
	key := data[:o.key]
	at, there := o.search(key)
	switch o.rand.IntN(6) {
	case 0, 1, 2:
		o.in(data)
		height := o.rand.IntN(edges+6) - 5
		if there {
			o.want("ordered_put", 0, max(height, 0))
			o.list[at] = data
		} else {
			o.want("ordered_put", 1, max(height, 0))
			o.list = slices.Insert(o.list, at, data)
		}
	case 3:
		o.in(key)
		if there {
			o.want("ordered_delete", 0)
			o.list = slices.Delete(o.list, at, at+1)
		} else {
			o.want("ordered_delete", -int64(unix.ENOENT))
		}
	default:
		o.look(key, at, there)
	}
}

// look looks a key up in every way there is.
func (o *orderedModel) look(key []byte, at int, there bool) {
	o.in(key)
	got := o.out(o.payload)
	if !there {
		o.want("ordered_find", -int64(unix.ENOENT))
		o.want("ordered_get", 0)
	} else {
		o.want("ordered_find", 0)
		o.payloadIs(got, o.list[at])
		id := int(o.call("ordered_get"))
		got = o.out(o.payload)
		o.want("node_read", 0, id)
		o.payloadIs(got, o.list[at])
	}
	id := int(o.call("ordered_seek"))
	switch {
	case at == len(o.list) && id != 0:
		o.t.Errorf("behind the last key there is node %#x", id)
	case at < len(o.list):
		got = o.out(o.payload)
		o.want("node_read", 0, id)
		o.payloadIs(got, o.list[at])
	}
}

func (o *orderedModel) payloadIs(got, want []byte) {
	if !bytes.Equal(got, want) {
		o.t.Errorf("key of %d bytes: payload is %x, want %x", o.key, got, want)
	}
}

// walk sees all nodes in order, along the edges of level 0, and removes some by id.
func (o *orderedModel) walk() {
	o.in(make([]byte, o.key))
	id := int(o.call("ordered_seek"))
	var kept [][]byte
	for i, want := range o.list {
		got := o.out(o.payload)
		o.want("node_read", 0, id)
		o.payloadIs(got, want)
		next := int(o.call("node_hop", id, 0))
		o.want("node_next", int64(next), id, 0)
		if i%3 == 0 {
			o.want("node_remove", 0, id)
			if _, ret := o.try("node_remove", id); ret != noNode {
				o.t.Errorf("a removed node can be removed again")
			}
		} else {
			kept = append(kept, want)
		}
		id = next
	}
	if id != 0 {
		o.t.Errorf("behind the last node there is %#x", id)
	}
	o.list = kept
	o.want("proxy_count", int64(len(kept)))
	for i, want := range kept {
		o.look(want[:o.key], i, true)
	}
}

func (o *orderedModel) refusals() {
	einval := -int64(unix.EINVAL)
	o.in(make([]byte, o.payload+1))
	o.want("ordered_put", einval, 0)
	o.in(make([]byte, o.key+1))
	o.want("ordered_find", einval)
	o.want("ordered_delete", einval)
	o.want("ordered_seek", 0)
	o.want("ordered_get", 0)
	o.in(make([]byte, o.payload))
	o.want("ordered_put", einval, edges+1)
	o.want("node_new", 0)
	o.want("ranked_pop", einval)
	if len(o.list) == 0 {
		return
	}
	o.in(o.list[0][:o.key])
	id := int(o.call("ordered_get"))
	o.want("node_write", einval, id, 0)    // over the key
	o.want("node_link", einval, id, 0, id) // edges are the library's
	o.in(o.list[0][:1])
	o.want("node_write", einval, id, o.payload)
}

// testFull fills an ordered and a ranked proxy, sees them refuse more, and uses their
// memory again: an ordered one's after a grace period.
func testFull(t *T) {
	nothingLeft(t)
	const capacity = 50
	p := newProxy(t, ordered, capacity, 8, 8)
	for round := range 5 {
		for i := range capacity {
			p.in([]byte{byte(round), byte(i), 0, 0, 0, 0, 0, 0})
			p.eventually("ordered_put", 1, 0)
		}
		p.in([]byte{0xff, 0, 0, 0, 0, 0, 0, 0})
		p.want("ordered_put", -int64(unix.ENOSPC), 0)
		for i := range capacity {
			p.in([]byte{byte(round), byte(i), 0, 0, 0, 0, 0, 0})
			p.want("ordered_delete", 0)
		}
		p.want("proxy_count", 0)
	}
	p = newProxy(t, ranked, capacity, 8, 0)
	for range 5 {
		p.in(make([]byte, 8))
		for i := range capacity {
			p.want("ranked_push", 0, i)
		}
		p.want("ranked_push", -int64(unix.ENOSPC), 0)
		for range capacity {
			p.out(8)
			p.want("ranked_pop", 0)
		}
	}
}

// eventually calls until there is room.
func (p *proxy) eventually(function string, want int64, numbers ...int) {
	for deadline := time.Now().Add(settle); ; time.Sleep(time.Millisecond) {
		got := p.call(function, numbers...)
		if got == -int64(unix.ENOSPC) && time.Now().Before(deadline) {
			continue
		}
		if got != want {
			p.t.Errorf("%s%v = %d, want %d", function, numbers, got, want)
		}
		return
	}
}
