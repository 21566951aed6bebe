package kernels

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/imagedir"
)

// A shortfall tells why one source cannot bring a kernel. Get gathers those of
// all sources in a NotAvailableError.
type shortfall struct {
	why   string   // one line
	hints []string // what the user can do: this, or that
	err   error    // the cause, in full
}

func (e *shortfall) Error() string { return e.why + "; " + strings.Join(e.hints, ", or ") }
func (e *shortfall) Unwrap() error { return e.err }

// What to do when a source cannot be reached.
const (
	hintConnect = "connect to the internet"
	hintMirror  = "set " + debian.EnvMirror + " to the root of a Debian mirror"
)

// hintAdd is what to do about a kernel that only its own archive has.
func hintAdd(series string) string {
	return fmt.Sprintf("give a kernel of your own: assay kernels add %s ./bzImage", series)
}

// fetchShortfall makes a shortfall of a download that no address could serve.
// Other errors stay what they are.
func fetchShortfall(err error) error {
	var fe *fetch.Error
	if !errors.As(err, &fe) {
		return err
	}
	return &shortfall{why: "no source has " + fe.File + " (" + fe.Brief() + ")", hints: []string{hintConnect, hintMirror}, err: err}
}

// errOffline tells that a kernel is not in the store, or, as err says, damaged,
// while the network is not to be used.
func errOffline(name string, err error) error {
	why := "it is not in the cache"
	if errors.Is(err, imagedir.ErrDamaged) {
		why = "its cached files are " + err.Error()
	}
	return &shortfall{
		why:   why + ", and the network is not to be used",
		hints: []string{"run assay kernels pull " + name + " first"}, err: err,
	}
}

// gone tells whether any source answered that it does not have the kernel.
func gone(failed []*shortfall) bool {
	return slices.ContainsFunc(failed, func(s *shortfall) bool {
		var fe *fetch.Error
		return errors.As(s, &fe) && fe.Denied()
	})
}

// notAvailable makes one error of the shortfalls of all sources.
func notAvailable(kernel string, failed []*shortfall) error {
	var whys, hints []string
	var errs []error
	for _, f := range failed {
		if !slices.Contains(whys, f.why) {
			whys = append(whys, f.why)
		}
		for _, h := range f.hints {
			if !slices.Contains(hints, h) {
				hints = append(hints, h)
			}
		}
		errs = append(errs, f)
	}
	return &NotAvailableError{
		Kernel: kernel,
		Reason: strings.Join(whys, "; ") + "; " + strings.Join(hints, ", or "),
		Err:    errors.Join(errs...),
	}
}
