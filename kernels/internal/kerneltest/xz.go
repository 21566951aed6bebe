package kerneltest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// XZ puts data into an .xz file, as LZMA2 chunks that are not compressed: what
// a decoder must undo, without an encoder.
func XZ(data []byte) []byte {
	var out bytes.Buffer
	flags := []byte{0, 1} // check: CRC32
	out.WriteString("\xfd7zXZ\x00")
	out.Write(flags)
	sum(&out, flags)

	// Block: header (LZMA2 with a dictionary of 64 kB), chunks, padding, check.
	begin := out.Len()
	header := []byte{2, 0, 0x21, 1, 8, 0, 0, 0}
	out.Write(header)
	sum(&out, header)
	reset := byte(1) // the first chunk resets the dictionary
	for rest := data; len(rest) > 0; reset = 2 {
		n := min(len(rest), 1<<16)
		out.WriteByte(reset)
		must(binary.Write(&out, binary.BigEndian, uint16(n-1)))
		out.Write(rest[:n])
		rest = rest[n:]
	}
	out.WriteByte(0)
	unpadded := out.Len() - begin + 4
	pad(&out, begin)
	sum(&out, data)

	// Index and footer.
	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(unpadded))
	index = binary.AppendUvarint(index, uint64(len(data)))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	out.Write(index)
	sum(&out, index)
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)+4)/4-1)
	footer = append(footer, flags...)
	sum(&out, footer)
	out.Write(footer)
	out.WriteString("YZ")
	return out.Bytes()
}

func sum(b *bytes.Buffer, data []byte) {
	b.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)))
}

// pad fills up to four bytes, counted from begin.
func pad(b *bytes.Buffer, begin int) {
	for (b.Len()-begin)%4 != 0 {
		b.WriteByte(0)
	}
}
