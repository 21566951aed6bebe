package kernels

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/oci"
)

// askTimeout is how long List waits for sources to answer.
const askTimeout = 2 * time.Second

// ask asks the sources of a kernel, in the order Get would, whether they have
// it, and says in l what came of it.
func (s *Store) ask(ctx context.Context, l *Listing) {
	var failed []*shortfall
	for _, c := range l.list {
		if c.lastResort && !gone(failed) {
			continue
		}
		short := s.askCandidate(ctx, l, c)
		if short == nil {
			l.Available = true
			if c.lastResort {
				l.Reason = fmt.Sprintf("version %s is gone from the archive; the newest in its index will stand in", l.Version)
			}
			return
		}
		failed = append(failed, short)
	}
	var na *NotAvailableError
	if errors.As(notAvailable(l.Name, failed), &na) {
		l.Reason = na.Reason
	}
}

// askCandidate asks whether one candidate can be had; nil means it can.
func (s *Store) askCandidate(ctx context.Context, l *Listing, c candidate) *shortfall {
	var err error
	switch src := c.known.(type) {
	case nil:
		err = c.ask(ctx)
	case *debianSource:
		p := src.pin.Packages[0]
		err = fetchShortfall(s.anyExists(ctx, p.File(), s.sites.URLs(p, src.pin.Snapshot)))
	case *ociSource:
		err = ociShortfall(src.ref, oci.Ask(ctx, s.client.HTTP.Transport, src.ref))
	case *addedSource:
		err = src.fill(ctx, s, "", nil)
	}
	var short *shortfall
	if err != nil && !errors.As(err, &short) {
		short = &shortfall{why: strings.ReplaceAll(err.Error(), "\n", "; "), err: err}
	}
	return short
}

// askIndex asks whether any index can be had that may list the kernel.
func (s *Store) askIndex(ctx context.Context, sp *spec) error {
	var failed error
	for _, suite := range sp.entry.Suites() {
		var urls []string
		for _, root := range suite.Roots(s.sites) {
			urls = append(urls, root+"/dists/"+suite.Name+"/InRelease")
		}
		if failed = s.anyExists(ctx, "index of "+suite.Name, urls); failed == nil {
			return nil
		}
	}
	return lookupShortfall(sp, failed)
}

// anyExists asks all addresses at once; nil if one has the file.
func (s *Store) anyExists(ctx context.Context, file string, urls []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		i   int
		err error
	}
	answers := make(chan answer, len(urls))
	for i, u := range urls {
		go func() {
			err := s.client.Exists(ctx, u)
			if errors.Is(err, context.DeadlineExceeded) {
				err = fmt.Errorf("no answer in %v", askTimeout)
			}
			answers <- answer{i, err}
		}()
	}
	failed := &fetch.Error{File: file, Errs: make([]error, len(urls))}
	for range urls {
		a := <-answers
		if a.err == nil {
			return nil
		}
		failed.Errs[a.i] = fetch.At(urls[a.i], a.err)
	}
	failed.Errs = slices.Clip(failed.Errs)
	return failed
}
