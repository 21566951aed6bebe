package selftest

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// What memory.h states.
const (
	nodeData = 128
	edges    = 16
	roots    = 16

	graph   = 0
	ordered = 1
	ranked  = 2
)

// What the programs of enetstl_memory.bpf.c return.
const (
	noProxy = 2
	noNode  = 3
)

// Offsets of its struct io.
const (
	ioSlot, ioA, ioN, ioResult = 0, 8, 40, 56
	ioData                     = 64
	ioValue                    = ioData + nodeData + 8
	ioSize                     = ioValue + nodeData + 8
)

// A proxy calls functions on the proxy that is in a slot of the programs' map.
type proxy struct {
	*shared
	slot int
}

// newProxy loads the programs and makes a proxy in slot 0.
func newProxy(t *T, kind, nodes, payload, key int) *proxy {
	p := &proxy{share(t, loadMemory, ioSize), 0}
	p.want("proxy_new", 0, kind, nodes, payload, key)
	return p
}

// call calls a function with up to four numbers; data and value are in place.
func (p *proxy) call(function string, numbers ...int) int64 {
	got, ret := p.try(function, numbers...)
	if ret != 0 {
		p.t.Fatalf("%s%v does not run: %d", function, numbers, ret)
	}
	return got
}

func (p *proxy) try(function string, numbers ...int) (int64, int32) {
	p.put(ioSlot, uint64(p.slot))
	for i, n := range numbers {
		p.put(ioA+8*i, uint64(n))
	}
	ret := p.run(function)
	return int64(p.get(ioResult)), ret
}

func (p *proxy) want(function string, want int64, numbers ...int) {
	if got := p.call(function, numbers...); got != want {
		p.t.Errorf("%s%v = %d (%#x), want %d (%#x)", function, numbers, got, uint64(got), want, uint64(want))
	}
}

// in leaves data as the argument; out is where a value of n bytes appears.
func (p *proxy) in(data []byte) {
	p.put(ioN, uint64(len(data)))
	copy(p.memory[ioData:], data)
}

func (p *proxy) out(n int) []byte {
	p.put(ioN+8, uint64(n))
	v := p.memory[ioValue:][:n]
	clear(v)
	return v
}

// testGraph draws and cuts edges at random, and compares with a graph in Go.
func testGraph(t *T) {
	nothingLeft(t)
	const capacity = 40
	p := newProxy(t, graph, capacity, nodeData, 0)
	g := &graphModel{p, map[int]*graphNode{}, nil}
	for range 6000 {
		switch p.rand.IntN(8) {
		case 0, 1:
			g.add(capacity)
		case 2:
			g.remove()
		case 3, 4:
			g.link()
		case 5:
			g.write()
		default:
			g.look()
		}
		if len(t.faults) > 0 {
			return
		}
	}
	p.want("proxy_count", int64(len(g.nodes)))
	g.all(capacity)
	p.roots()
	p.refusals()
}

// A graphModel is the same graph in Go.
type graphModel struct {
	*proxy
	nodes map[int]*graphNode // by id
	dead  []int              // ids of the removed
}

type graphNode struct {
	data  [nodeData]byte
	links [edges]int
}

// any is the id of a node that there is, or was, or never was.
func (g *graphModel) any() int {
	switch g.rand.IntN(12) {
	case 0:
		if len(g.dead) > 0 {
			return g.dead[g.rand.IntN(len(g.dead))]
		}
	case 1:
		return int(g.rand.Uint64())
	}
	for id := range g.nodes {
		return id
	}
	return 0
}

func (g *graphModel) add(capacity int) {
	id := int(g.call("node_new"))
	switch {
	case len(g.nodes) == capacity && id != 0:
		g.t.Errorf("node %#x is one more than there is room for", id)
	case len(g.nodes) < capacity && id == 0:
		g.t.Errorf("no room for a node beside %d", len(g.nodes))
	case g.nodes[id] != nil:
		g.t.Errorf("node %#x is there twice", id)
	case id != 0:
		g.nodes[id] = &graphNode{}
		g.want("node_id", int64(id), id)
		g.compare(id)
	}
}

func (g *graphModel) remove() {
	id := g.any()
	if g.nodes[id] == nil {
		if _, ret := g.try("node_remove", id); ret != noNode {
			g.t.Errorf("node %#x, which is not there, can be had", id)
		}
		return
	}
	g.want("node_remove", 0, id)
	delete(g.nodes, id)
	g.dead = append(g.dead, id)
}

func (g *graphModel) link() {
	from, to, edge := g.any(), g.any(), g.rand.IntN(edges)
	if n := g.nodes[from]; n != nil {
		g.want("node_link", 0, from, edge, to)
		n.links[edge] = to
	}
}

func (g *graphModel) write() {
	id := g.any()
	n := g.nodes[id]
	if n == nil {
		return
	}
	data := make([]byte, g.rand.IntN(nodeData+1))
	g.fill(data)
	off := g.rand.IntN(nodeData + 1 - len(data))
	g.in(data)
	g.want("node_write", 0, id, off)
	copy(n.data[off:], data)
	g.compare(id)
}

// look follows an edge, by id and by kptr.
func (g *graphModel) look() {
	id, edge := g.any(), g.rand.IntN(edges)
	n := g.nodes[id]
	if n == nil {
		g.want("node_hop", 0, id, edge)
		g.out(8)
		g.want("node_read", -int64(unix.ENOENT), id)
		return
	}
	want := n.links[edge]
	if g.nodes[want] == nil {
		want = 0
	}
	g.want("node_hop", int64(want), id, edge)
	g.want("node_next", int64(want), id, edge)
	g.compare(id)
}

// compare reads the payload, by copying and in place.
func (g *graphModel) compare(id int) {
	want := g.nodes[id].data[:]
	n := g.rand.IntN(nodeData + 1)
	got := g.out(n)
	g.want("node_read", 0, id)
	if !bytes.Equal(got, want[:n]) {
		g.t.Errorf("node %#x has payload %x, want %x", id, got, want[:n])
	}
	g.want("node_word", int64(binary.LittleEndian.Uint64(want)), id, 0)
	g.want("node_word", int64(binary.LittleEndian.Uint64(want[120:])), id, 15)
}

// all sees that the slots hold the nodes and no others.
func (g *graphModel) all(capacity int) {
	found := 0
	for slot := range capacity {
		if id := int(g.call("node_nth", slot)); id != 0 {
			found++
			if g.nodes[id] == nil {
				g.t.Errorf("slot %d has node %#x, which is not there", slot, id)
			}
		}
	}
	if found != len(g.nodes) {
		g.t.Errorf("slots have %d nodes, want %d", found, len(g.nodes))
	}
	g.want("node_nth", 0, capacity)
	g.want("node_nth", 0, -1)
}

func (p *proxy) roots() {
	for i := range roots {
		p.want("root_get", 0, i)
		p.want("root_set", 0, i, 1000+i)
	}
	for i := range roots {
		p.want("root_get", int64(1000+i), i)
	}
	p.want("root_set", -int64(unix.EINVAL), roots, 1)
	p.want("root_get", 0, roots)
}

// refusals of what makes no sense, for a graph with room for whole nodes.
func (p *proxy) refusals() {
	id := int(p.call("node_nth", 0))
	if id == 0 {
		id = int(p.call("node_new"))
	}
	einval := -int64(unix.EINVAL)
	p.in(make([]byte, 9))
	p.want("node_write", einval, id, nodeData-8)
	p.want("node_write", einval, id, nodeData+1)
	p.want("node_write", einval, id, -1)
	p.want("node_write", einval, id, 1<<32-1)
	p.want("node_link", einval, id, edges, id)
	p.want("node_link", einval, id, -1, id)
	p.want("node_next", 0, id, edges)
	p.want("node_hop", 0, id, edges)
	p.out(nodeData + 1)
	p.want("node_read", einval, id)
	p.out(8)
	p.want("ordered_find", einval)
	p.want("ordered_put", einval, 0)
	p.want("ordered_delete", einval)
	p.want("ordered_seek", 0)
	p.want("ordered_get", 0)
	p.want("ranked_push", einval, 1)
	p.want("ranked_pop", einval)
	p.want("ranked_peek", einval)
	p.slot = 1
	for _, bad := range [][]int{
		{3, 8, 8, 0}, {graph, 0, 8, 0}, {graph, 1<<24 + 1, 8, 0}, {graph, 8, 0, 0}, {graph, 8, nodeData + 1, 0},
		{graph, 8, 8, 1}, {ordered, 8, 8, 0}, {ordered, 8, 8, 9}, {ranked, 8, 8, 8}, {-1, 8, 8, 0},
	} {
		p.want("proxy_new", -int64(unix.ENOMEM), bad...)
	}
	p.slot = 0
}
