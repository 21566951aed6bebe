package oci

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// counting is a RoundTripper that tells how many bytes of layers have come.
type counting struct {
	base  http.RoundTripper
	told  func(done, total int64)
	total *int64
}

func (c *counting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.base.RoundTrip(req)
	if err == nil && c.told != nil && strings.Contains(req.URL.Path, "/blobs/") {
		resp.Body = &counted{ReadCloser: resp.Body, c: c}
	}
	return resp, err
}

// counted is the body of one layer. Layers come one after the other.
type counted struct {
	io.ReadCloser
	c    *counting
	done atomic.Int64
}

func (b *counted) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.c.told(b.done.Add(int64(n)), *b.c.total)
	return n, err
}
