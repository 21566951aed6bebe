package kbuild

import (
	"bytes"
	"io"
)

// tailSize is how much of a failed build's output its error shows, in bytes.
const tailSize = 2000

// tail passes on what is written to it and keeps the end.
type tail struct {
	next io.Writer // may be nil
	end  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	if over := len(t.end) - tailSize; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	if t.next != nil {
		return t.next.Write(p)
	}
	return len(p), nil
}

// text is the end of what was written, in whole lines.
func (t *tail) text() string {
	text := t.end
	if len(text) == tailSize {
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	return string(bytes.TrimSpace(text))
}
