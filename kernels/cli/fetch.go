package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/assay-lab/assay/kernels"
)

// Fetch returns a kernel, ready to boot. While it is downloaded a terminal shows
// how it goes; notices go to stderr in any case.
func Fetch(ctx context.Context, store *kernels.Store, name string, stderr io.Writer) (*kernels.Image, error) {
	m := newMeter(stderr)
	defer m.clear()
	return store.Get(ctx, name, kernels.GetOptions{
		Progress: m.show,
		Notice: func(line string) {
			m.clear()
			fmt.Fprintln(stderr, "assay:", line)
		},
	})
}
