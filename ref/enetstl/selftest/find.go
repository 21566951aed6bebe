package selftest

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/ref/internal/model"
)

// layout is how buckets of a cuckoo table lie in memory; see EN_BUCKET in hash.h.
type layout struct{ ways, stride, keysAt, keyStride, keyLen int }

func (l layout) packed() uint64 {
	return uint64(l.ways) | uint64(l.stride)<<8 | uint64(l.keysAt)<<24 | uint64(l.keyStride)<<40
}

// buckets is how many of them fit into so many bytes.
func (l layout) buckets(size int) uint32 { return 1 << (bits.Len(uint(size/l.stride)) - 1) }

func (l layout) signature(table []byte, bucket uint32, way int) []byte {
	return table[int(bucket)*l.stride+way*2:][:2]
}

func (l layout) key(table []byte, bucket uint32, way int) []byte {
	return table[int(bucket)*l.stride+l.keysAt+way*l.keyStride:][:l.keyLen]
}

// A cuckoo is a table that is filled in Go, as a control plane would.
type cuckoo struct {
	layout
	*caller
	count uint32
}

// free finds a free way of a bucket, or -1.
func (k *cuckoo) free(bucket uint32) int {
	for way := range k.ways {
		if binary.LittleEndian.Uint16(k.signature(k.table, bucket, way)) == 0 {
			return way
		}
	}
	return -1
}

func (k *cuckoo) put(bucket uint32, way int, signature uint16, key []byte) {
	binary.LittleEndian.PutUint16(k.signature(k.table, bucket, way), signature)
	if k.keyStride > 0 {
		copy(k.layout.key(k.table, bucket, way), key)
	}
}

// insert puts a key in, moving others out of its way to their other bucket, which takes
// no more than their signature. It returns false if it gives up.
func (k *cuckoo) insert(key []byte) bool {
	p := model.PlaceOf(key, k.count)
	bucket, signature, key := p.First, p.Signature, bytes.Clone(key)
	if k.free(bucket) < 0 {
		bucket = p.Second
	}
	for range 500 {
		if way := k.free(bucket); way >= 0 {
			k.put(bucket, way, signature, key)
			return true
		}
		way := k.rand.IntN(k.ways)
		out := binary.LittleEndian.Uint16(k.signature(k.table, bucket, way))
		var outKey []byte
		if k.keyStride > 0 {
			outKey = bytes.Clone(k.layout.key(k.table, bucket, way))
		}
		k.put(bucket, way, signature, key)
		bucket, signature, key = model.Other(bucket, out, k.count), out, outKey
	}
	return false
}

func testFindLayout(c *caller, l layout) {
	const size = 60000
	k := &cuckoo{l, c, l.buckets(size)}
	clear(c.table)
	total := int(k.count) * l.ways * 95 / 100
	keys := make([][]byte, 0, total)
	for i := range total {
		key := make([]byte, l.keyLen)
		c.fill(key)
		binary.LittleEndian.PutUint32(key, uint32(i)) // no two are the same
		if !k.insert(key) {
			c.t.Errorf("%+v: key %d of %d does not fit", l, i, total)
			break
		}
		keys = append(keys, key)
	}
	for _, key := range keys {
		copy(c.key, key)
		k.found(key)
	}
	if l.keyStride == 0 {
		return // a signature alone may be another key's
	}
	for range 300 {
		c.fill(c.key[:l.keyLen])
		c.key[3] |= 0x80 // no key has that
		c.want("hash_find", l.keyLen, size, l.packed(), 0, -int64(unix.ENOENT))
	}
}

// found looks a key up and holds the result against what is there.
func (k *cuckoo) found(key []byte) {
	got := k.call("hash_find", k.keyLen, 60000, k.packed(), 0)
	p := model.PlaceOf(key, k.count)
	bucket, way := uint32(got/int64(k.ways)), int(got%int64(k.ways))
	switch {
	case got < 0:
		k.t.Errorf("%+v: key %x is not found: %d", k.layout, key, got)
	case bucket != p.First && bucket != p.Second:
		k.t.Errorf("%+v: key %x is found in bucket %d, want %d or %d", k.layout, key, bucket, p.First, p.Second)
	case binary.LittleEndian.Uint16(k.signature(k.table, bucket, way)) != p.Signature:
		k.t.Errorf("%+v: key %x is found where its signature is not", k.layout, key)
	case k.keyStride > 0 && !bytes.Equal(k.layout.key(k.table, bucket, way), key):
		k.t.Errorf("%+v: key %x is found where it is not", k.layout, key)
	}
}
