package wire

import "encoding/binary"

// encoder appends fields to a body.
type encoder []byte

func (e *encoder) u32(v uint32) { *e = binary.BigEndian.AppendUint32(*e, v) }
func (e *encoder) i64(v int64)  { *e = binary.BigEndian.AppendUint64(*e, uint64(v)) }

func (e *encoder) str(s string) {
	e.u32(uint32(len(s)))
	*e = append(*e, s...)
}

func (e *encoder) strs(v []string) {
	e.u32(uint32(len(v)))
	for _, s := range v {
		e.str(s)
	}
}

func (e *encoder) bools(v ...bool) {
	for _, b := range v {
		if b {
			*e = append(*e, 1)
		} else {
			*e = append(*e, 0)
		}
	}
}

// decoder takes fields off a body. After a body that is too short every field
// reads as zero, and end says so once.
type decoder struct {
	b     []byte
	short bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.b, d.short = nil, true
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) fixed(p []byte) { copy(p, d.take(len(p))) }

func (d *decoder) u8() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if p := d.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (d *decoder) i64() int64 {
	if p := d.take(8); p != nil {
		return int64(binary.BigEndian.Uint64(p))
	}
	return 0
}

func (d *decoder) str() string { return string(d.take(int(d.u32()))) }

func (d *decoder) strs() []string {
	n := int(d.u32())
	if n > len(d.b)/4 { // each takes four bytes at least: a lie about n allocates nothing
		d.b, d.short = nil, true
		return nil
	}
	var v []string
	for range n {
		v = append(v, d.str())
	}
	return v
}

func (d *decoder) bools(v ...*bool) {
	for _, b := range v {
		*b = d.u8() == 1
	}
}

func (d *decoder) end() error {
	if d.short || len(d.b) > 0 {
		return errOutOfStep
	}
	return nil
}
