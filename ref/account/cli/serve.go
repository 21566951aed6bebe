package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/assay-lab/assay/ref/account/metrics"
)

// goodbye is how long scrapes that have begun may take to end.
const goodbye = 2 * time.Second

// serve serves metrics until the returned function is called. What goes wrong
// meanwhile is sent to failed.
func (w *work) serve(failed chan<- error) (stop func(), err error) {
	l, err := net.Listen("tcp", w.listen)
	if err != nil {
		return nil, fmt.Errorf("serve metrics: %w", err)
	}
	server := &http.Server{
		Handler:           metrics.Handler(w.tracker),
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      time.Minute,
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve metrics: %w", err)
		}
	}()
	fmt.Fprintf(w.stderr, "assay account: metrics at http://%s/metrics\n", l.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbye)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}, nil
}
