package suite

import (
	"fmt"
	"slices"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest/scenario"
)

// broken returns the first claim of the catalogue that a scenario's probes
// contradict, "" if none. A skip is a claim: that a kernel lacks a feature must be
// written down, or it is a failure. Kernels that the catalogue does not describe
// make no claims.
func broken(image *kernels.Image, r scenario.Result) string {
	e, ok := kernels.Series(image.Series)
	if !ok || image.Source != "debian" {
		return ""
	}
	for _, name := range r.Lacks {
		if !slices.Contains(e.Lacks, name) {
			return claim(e, image, name, "lacks", slices.Contains(e.Has, name))
		}
	}
	for _, name := range r.Has {
		if !slices.Contains(e.Has, name) {
			return claim(e, image, name, "has", slices.Contains(e.Lacks, name))
		}
	}
	return ""
}

func claim(e *kernels.Entry, image *kernels.Image, name, found string, opposite bool) string {
	says := "says nothing of it"
	if opposite {
		says = "says the opposite"
	}
	return fmt.Sprintf("%s %s %s, but the catalogue %s: see 'assay kernels probe %s'", image.Release, found, name, says, e.Series)
}
