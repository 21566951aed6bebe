package vmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assay-lab/assay/kernels"
)

// MatrixOptions say what Matrix runs. Cases and Payload must be set.
type MatrixOptions struct {
	Cases []Case
	// Kernels are the names of the kernels; nil is $ASSAY_KERNELS (names
	// separated by commas), else the default matrix.
	Kernels []string
	// Payload is what the machines carry: for most, SelfPayload.
	Payload *Payload
}

// Matrix runs every case on every kernel, each a subtest KERNEL/CASE of t, so that
// -run, -v, -json, -parallel and -timeout work as for any test. With -short only
// the newest kernel is run. A kernel that cannot be had here is skipped with the
// reason, or fails the test if $ASSAY_REQUIRE_KERNELS names it.
func Matrix(t *testing.T, o MatrixOptions) {
	t.Helper()
	if len(o.Cases) == 0 {
		t.Fatal(ErrNothingToRun)
	}
	r, err := matrixRunner(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, kernel := range matrixKernels(o) {
		t.Run(kernelTestName(kernel), func(t *testing.T) {
			t.Parallel()
			matrixColumn(t, r, kernel, o.Cases)
		})
	}
}

func matrixRunner(o MatrixOptions) (*Runner, error) {
	lab, err := Open(Config{Notice: stderrNotice})
	if err != nil {
		return nil, err
	}
	store, err := kernels.Open("")
	if err != nil {
		return nil, err
	}
	return NewRunner(lab, store, kernels.GetOptions{Notice: stderrNotice}, *o.Payload), nil
}

func stderrNotice(line string) { fmt.Fprintln(os.Stderr, "assay:", line) }

// matrixKernels are the columns.
func matrixKernels(o MatrixOptions) []string {
	names := o.Kernels
	if len(names) == 0 {
		names = KernelNames(os.Getenv("ASSAY_KERNELS"))
	}
	if len(names) == 0 {
		names = kernels.Default()
	}
	if testing.Short() {
		names = names[len(names)-1:]
	}
	return names
}

// KernelNames splits a list of kernel names separated by commas.
func KernelNames(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// kernelTestName makes a kernel's name, which may be a path, one element of a
// test's name.
func kernelTestName(kernel string) string {
	if strings.Contains(kernel, "/") {
		return filepath.Base(kernel)
	}
	return kernel
}

func matrixColumn(t *testing.T, r *Runner, kernel string, cases []Case) {
	if _, err := r.Image(t.Context(), kernel); err != nil {
		var missing *kernels.NotAvailableError
		if errors.As(err, &missing) && !slices.Contains(KernelNames(os.Getenv("ASSAY_REQUIRE_KERNELS")), kernel) {
			t.Skipf("not run: %v", err)
		}
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			matrixCase(t, r, kernel, c)
		})
	}
}

func matrixCase(t *testing.T, r *Runner, kernel string, c Case) {
	ctx, cancel := testContext(t)
	defer cancel()
	if len(c.Parts) == 0 {
		checkCell(t, r.Run(ctx, kernel, tested(t, c)))
		return
	}
	for _, cell := range r.RunParts(ctx, kernel, c) {
		t.Run(cell.Case, func(t *testing.T) { checkCell(t, cell) })
	}
}

// checkCell fails a test whose cell is not as expected.
func checkCell(t *testing.T, cell Cell) {
	if keepCoverage(cell.Outcome); cell.Verdict.Class() != AsExpected || cell.Verdict == NotRun {
		var text strings.Builder
		cell.Explain(&text)
		t.Fatal(strings.TrimSuffix(text.String(), "\n"))
	}
	for _, why := range cell.Excused {
		t.Logf("allowed in this kernel's log: %s", why)
	}
	if cell.Verdict == Unsupported {
		t.Logf("unsupported, verified: %s", cell.Reason)
	}
}

// testContext ends early enough before the test's deadline to say what hung.
func testContext(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(t.Context())
	}
	grace := min(time.Until(deadline)/10, 10*time.Second)
	return context.WithDeadlineCause(t.Context(), deadline.Add(-grace), errors.New("the test's deadline, -timeout, is near"))
}

// tested makes the case's output appear as it comes, attributed to its test, and
// its coverage come back.
func tested(t *testing.T, c Case) Case {
	task := c.Task
	c.Task = func(image *kernels.Image) Task {
		k := task(image)
		if testing.Verbose() {
			k.Stdout = cmp.Or[io.Writer](k.Stdout, t.Output())
			k.Stderr = cmp.Or[io.Writer](k.Stderr, t.Output())
		}
		if testing.CoverMode() != "" {
			k.Collect = append(k.Collect, coverageDir)
		}
		return k
	}
	return c
}
