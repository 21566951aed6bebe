package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Watch is a RoundTripper whose responses' bodies fail with ErrStalled when
// nothing arrives for Limit. How long a transfer takes in all is not limited.
type Watch struct {
	Base  http.RoundTripper
	Limit time.Duration
}

// RoundTrip does one request by w.Base.
func (w *Watch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := w.Base.RoundTrip(req.Clone(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	b := &watched{ReadCloser: resp.Body, limit: w.Limit, ctx: ctx, cancel: cancel}
	b.timer = time.AfterFunc(w.Limit, func() { cancel(ErrStalled) })
	resp.Body = b
	return resp, nil
}

// watched is a body whose request is cancelled when it stands still.
type watched struct {
	io.ReadCloser
	limit  time.Duration
	timer  *time.Timer
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.timer.Reset(w.limit)
	}
	if err != nil && err != io.EOF && errors.Is(context.Cause(w.ctx), ErrStalled) {
		err = fmt.Errorf("%w for %v", ErrStalled, w.limit)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	err := w.ReadCloser.Close()
	w.cancel(nil)
	return err
}
