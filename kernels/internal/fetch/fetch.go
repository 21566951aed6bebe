// Package fetch downloads files whose digest is known beforehand, from
// whichever of several addresses has them.
//
// A download that was interrupted is resumed. Its file appears under its own
// name only when it is complete and its SHA-256 is right. There is no limit on
// how long a download may take, only on how long it may stand still.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Errors that callers tell apart.
var (
	// ErrNotFound: a server answered that it does not have the file.
	ErrNotFound = errors.New("not found")
	// ErrDigest: a server sent something else than what was asked for.
	ErrDigest = errors.New("wrong contents")
	// ErrStalled: a server stopped sending.
	ErrStalled = errors.New("no data")
)

// A Client fetches files over http, https and file URLs. It is safe for
// concurrent use.
type Client struct {
	// HTTP does the requests.
	HTTP *http.Client
	// Tries is how often one address is tried when the connection fails.
	Tries int
	// Pause is how long to wait before the second try; it doubles after.
	Pause time.Duration
}

// Stall is how long a transfer may stand still.
const Stall = 30 * time.Second

// New returns a Client that does its requests by base; a nil base stands for
// the network as it is: the usual proxy environment variables apply, and a
// host that does not answer is given up on.
func New(base http.RoundTripper) *Client {
	if base == nil {
		t := &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: Stall,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       30 * time.Second,
			ForceAttemptHTTP2:     true,
		}
		t.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
		base = t
	}
	return &Client{HTTP: &http.Client{Transport: &Watch{base, Stall}}, Tries: 3, Pause: 500 * time.Millisecond}
}

// A statusError is an answer that is no success.
type statusError struct{ code int }

func (e *statusError) Error() string {
	return fmt.Sprintf("server answered %d %s", e.code, http.StatusText(e.code))
}

func (e *statusError) Is(target error) bool {
	return target == ErrNotFound && (e.code == http.StatusNotFound || e.code == http.StatusGone)
}

// transient tells whether it is worth asking the same server again.
func transient(err error) bool {
	var st *statusError
	if errors.As(err, &st) {
		return st.code >= 500 || st.code == http.StatusTooManyRequests || st.code == http.StatusRequestTimeout
	}
	// A host that cannot be reached is seldom reached a second later, and
	// there are others to ask.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return false
	}
	return !errors.Is(err, ErrDigest) && !errors.Is(err, errLocal)
}

// errLocal marks failures of this machine, such as a full disk.
var errLocal = errors.New("local failure")

// open requests rawURL from byte offset on. The first result tells whether the
// server honoured the offset.
func (c *Client) open(ctx context.Context, rawURL string, offset int64) (resumed bool, resp *http.Response, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return false, nil, err
	}
	req.Header.Set("User-Agent", "assay-kernels")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err = c.HTTP.Do(req)
	if err != nil {
		return false, nil, trimURL(err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return false, resp, nil
	case http.StatusPartialContent:
		got := resp.Header.Get("Content-Range")
		if strings.HasPrefix(got, fmt.Sprintf("bytes %d-", offset)) {
			return true, resp, nil
		}
		err = fmt.Errorf("%w: asked for bytes from %d on, got %q", ErrDigest, offset, got)
	default:
		err = &statusError{resp.StatusCode}
	}
	resp.Body.Close()
	return false, nil, err
}

// Get returns the contents of rawURL, at most limit bytes.
func (c *Client) Get(ctx context.Context, rawURL string, limit int64) ([]byte, error) {
	var data []byte
	err := c.retry(ctx, func() error {
		_, resp, err := c.open(ctx, rawURL, 0)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		data, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
		if err == nil && int64(len(data)) > limit {
			return fmt.Errorf("%w: more than %d bytes", ErrDigest, limit)
		}
		return err
	})
	if err != nil {
		return nil, &addressError{rawURL, err}
	}
	return data, nil
}

// Exists asks whether rawURL can be had, without getting it. A server that
// has no such file makes ErrNotFound. There is one try.
func (c *Client) Exists(ctx context.Context, rawURL string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, rawURL, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "assay-kernels")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return trimURL(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &statusError{resp.StatusCode}
	}
	return nil
}

// retry calls do until it succeeds, fails for good, or c.Tries are used up.
func (c *Client) retry(ctx context.Context, do func() error) error {
	pause := c.Pause
	for try := 1; ; try++ {
		err := do()
		if err == nil || ctx.Err() != nil || try >= c.Tries || !transient(err) {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		case <-t.C:
		}
		pause *= 2
	}
}

// trimURL drops the "Get <url>:" that net/http puts before its errors; ours
// name the address themselves.
func trimURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// Redact returns rawURL without a password.
func Redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return strings.ToValidUTF8(rawURL, "?")
	}
	return u.Redacted()
}
