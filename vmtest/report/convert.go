package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest"
)

// FromCell makes a cell of a runner's. The texts (outputs, logs, stacks) of one
// that went as expected are kept only if verbose. Shape, Subject, Load, Figures and
// Bundle are the caller's to fill in.
func FromCell(c vmtest.Cell, verbose bool) Cell {
	cell := Cell{
		Target: c.Target, Case: c.Case, Kernel: c.Kernel, Release: c.Release,
		Verdict: c.Verdict, Reason: c.Reason, Excused: c.Excused,
		Seconds: roundSeconds(c.Duration), CPUSeconds: roundSeconds(c.CPU),
	}
	if verbose || c.Verdict.Class() != vmtest.AsExpected {
		cell.Stdout, cell.Stderr = c.Stdout, c.Stderr
		cell.KernelLog, cell.Console, cell.Stacks = c.KernelLog, c.Console, c.Stacks
	}
	return cell
}

// roundSeconds rounds to milliseconds: more would be noise in every difference
// between two reports.
func roundSeconds(d time.Duration) float64 {
	return math.Round(d.Seconds()*1000) / 1000
}

// FromImage describes a kernel that was fetched; it reads the kernel's file for
// its digest. accel is what its machines run on.
func FromImage(image *kernels.Image, accel vmtest.Accel) (Kernel, error) {
	sum, err := fileSHA256(image.Kernel)
	if err != nil {
		return Kernel{}, fmt.Errorf("digest kernel %s: %w", image.Name, err)
	}
	return Kernel{
		Name: image.Name, Series: image.Series, Release: image.Release, Version: image.Version,
		Source: image.Source, Digest: image.Digest, SHA256: sum, Accel: string(accel),
	}, nil
}

// FromFile describes a file under test under the given name; it reads the file for
// its digest.
func FromFile(name, path string) (*Subject, error) {
	sum, err := fileSHA256(path)
	if err != nil {
		return nil, fmt.Errorf("digest %s: %w", name, err)
	}
	return &Subject{Name: name, SHA256: sum}, nil
}

func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
