package account_test

import (
	"errors"
	"testing"

	"github.com/assay-lab/assay/ref/account"
)

// skipUnsupported skips where the kernel says it cannot. Which kernels may is
// the matter of the scenarios' catalogue, not of this package.
func skipUnsupported(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, account.ErrUnsupported) {
		tb.Skip(err)
	}
}
