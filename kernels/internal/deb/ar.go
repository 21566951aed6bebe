package deb

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The ar format (ar(5)): a magic line, then members, each a 60-byte header
// and its data, padded to an even length.
const (
	arMagic     = "!<arch>\n"
	arHeaderLen = 60
	arEnd       = "`\n"
)

// errAr is returned for bytes that are no ar archive.
var errAr = errors.New("not an ar archive")

// An arReader walks the members of an ar archive.
type arReader struct {
	r    io.Reader
	left int64 // unread bytes of the current member, padding not counted
	odd  bool  // the current member is padded by one byte
}

func newAr(r io.Reader) (*arReader, error) {
	var magic [len(arMagic)]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil || string(magic[:]) != arMagic {
		return nil, errAr
	}
	return &arReader{r: r}, nil
}

// next goes to the next member and returns its name and size in bytes. It
// returns io.EOF after the last.
func (a *arReader) next() (name string, size int64, err error) {
	skip := a.left
	if a.odd {
		skip++
	}
	if _, err := io.CopyN(io.Discard, a.r, skip); err != nil {
		return "", 0, fmt.Errorf("ar member is cut short: %w", io.ErrUnexpectedEOF)
	}
	var h [arHeaderLen]byte
	switch _, err := io.ReadFull(a.r, h[:]); {
	case err == io.EOF:
		return "", 0, io.EOF
	case err != nil:
		return "", 0, fmt.Errorf("ar header is cut short: %w", err)
	}
	if string(h[58:]) != arEnd {
		return "", 0, fmt.Errorf("%w: bad member header", errAr)
	}
	size, err = strconv.ParseInt(strings.TrimRight(string(h[48:58]), " "), 10, 64)
	if err != nil || size < 0 {
		return "", 0, fmt.Errorf("%w: bad member size %q", errAr, h[48:58])
	}
	a.left, a.odd = size, size%2 == 1
	// GNU ar ends names with a slash; dpkg does not.
	return strings.TrimSuffix(strings.TrimRight(string(h[:16]), " "), "/"), size, nil
}

// Read reads the current member.
func (a *arReader) Read(p []byte) (int, error) {
	if a.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > a.left {
		p = p[:a.left]
	}
	n, err := a.r.Read(p)
	a.left -= int64(n)
	if err == io.EOF && a.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
