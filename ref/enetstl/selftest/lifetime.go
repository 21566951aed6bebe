package selftest

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/ref/enetstl"
)

// testLifetime holds on to nodes while all else goes, and leaves everything in maps.
func testLifetime(t *T) {
	nothingLeft(t)
	before, _, err := enetstl.Status()
	t.check(err, "count objects")
	p := newProxy(t, graph, 8, 8, 0)
	a, b := int(p.call("node_new")), int(p.call("node_new"))
	p.in(binary.LittleEndian.AppendUint64(nil, 4711))
	p.want("node_write", 0, a, 0)
	p.want("node_link", 0, a, 3, b)
	one := before
	one.Proxies, one.Nodes = one.Proxies+1, one.Nodes+2
	waitForObjects(t, one)

	// The same proxy by another kptr.
	p.want("proxy_count", 2)
	p.call("proxy_share", 1)
	p.call("proxy_drop")
	if _, ret := p.try("proxy_count"); ret != noProxy {
		t.Errorf("the dropped kptr of the proxy is still there: %d", ret)
	}
	p.slot = 1
	p.want("proxy_count", 2)

	// A node that is held outlives its proxy; the others do not.
	p.want("node_keep", 1, a)
	p.keptIs(a, 4711, b, 3, 0) // which removes it
	p.keptIs(a, 4711, b, 3, -int64(unix.ENOENT))
	p.want("proxy_count", 1)
	if _, ret := p.try("node_id", a); ret != noNode {
		t.Errorf("the id of a removed node names a node")
	}
	p.call("proxy_drop")
	last := before
	last.Proxies, last.Nodes = last.Proxies+1, last.Nodes+1
	waitForObjects(t, last)
	p.keptIs(a, 4711, 0, 3, -int64(unix.ENOENT))
	p.call("kept_drop")
	waitForObjects(t, before)

	// What is left in a map goes with it: of all kinds, in use and not.
	for kind := range 3 {
		p.slot = 4 + kind
		key := 0
		if kind == ordered {
			key = 8
		}
		p.want("proxy_new", 0, kind, 100, 16, key)
		p.in(make([]byte, 16))
		for i := range 50 {
			switch kind {
			case graph:
				p.call("node_new")
			case ordered:
				binary.BigEndian.PutUint64(p.memory[ioData:], uint64(i))
				p.want("ordered_put", 1, 0)
			default:
				p.want("ranked_push", 0, i)
			}
		}
		p.want("proxy_count", 50)
		if id := int(p.call("node_nth", 0)); id != 0 {
			p.want("node_keep", 1, id)
		}
	}
	full := before
	full.Proxies, full.Nodes = full.Proxies+3, full.Nodes+150
	waitForObjects(t, full)
}

// keptIs looks at the node that is held in the slot, and removes it from its proxy.
func (p *proxy) keptIs(id, word, next, edge int, removed int64) {
	p.want("kept", int64(id), 0, edge)
	for i, want := range []int64{int64(word), int64(next), removed} {
		if got := int64(p.get(ioValue + 8*i)); got != want {
			p.t.Errorf("held node %#x: [%d] is %d, want %d", id, i, got, want)
		}
	}
}
