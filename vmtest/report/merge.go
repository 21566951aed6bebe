package report

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-lab/assay/vmtest"
)

// A Source is a report and what to call it in errors, such as its file.
type Source struct {
	Name   string
	Report *Report
}

// A ConflictError tells that two reports do not say the same of the same thing.
type ConflictError struct {
	What         string // the cell, or the kernel
	First, Other string // the reports, and what each says
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("merge %s: %s; but %s\nmerge reports of one run only, each once", e.What, e.First, e.Other)
}

// ErrShardsMissing is a merge of some shards of a run, but not all.
var ErrShardsMissing = errors.New("shards are missing")

// Merge makes one report of several, such as those of the shards of a run. A cell in
// several reports must be the same in all of them, except that one that was not run
// gives way to one that was; else the error is a *ConflictError. If the reports are
// of some shards of a run but not all, the error is ErrShardsMissing, and the merged
// report is returned nevertheless. Seconds are those of the longest.
func Merge(sources ...Source) (*Report, error) {
	if len(sources) == 0 {
		return nil, errors.New("merge: no reports")
	}
	first := sources[0].Report.view().head
	m := &merging{
		out:     New(first.Tool, first.Host),
		cells:   map[Key]string{},
		kernels: map[string]string{},
	}
	m.out.Started = first.Started
	for _, s := range sources {
		if err := m.add(s); err != nil {
			return nil, err
		}
	}
	return m.out, m.shards()
}

// merging is a merge on its way.
type merging struct {
	out     *Report
	cells   map[Key]string    // the source of each
	kernels map[string]string // the source of each
	parts   []string          // the shards
}

func (m *merging) add(s Source) error {
	v := s.Report.view()
	out := m.out
	out.Tool = mergeTool(out.Tool, v.head.Tool)
	out.Host = mergeHost(out.Host, v.head.Host)
	if v.head.Started.Before(out.Started) {
		out.Started = v.head.Started
	}
	out.Seconds = max(out.Seconds, v.head.Seconds)
	m.parts = append(m.parts, v.head.Shard)
	for _, k := range v.kernels {
		if err := m.addKernel(s.Name, k); err != nil {
			return err
		}
	}
	for _, c := range v.cells {
		if err := m.addCell(s.Name, c); err != nil {
			return err
		}
	}
	return nil
}

func (m *merging) addKernel(source string, k Kernel) error {
	first, ok := m.kernels[k.Name]
	if !ok {
		m.kernels[k.Name] = source
		m.out.Kernels = append(m.out.Kernels, k)
		return nil
	}
	known := m.out.kernel(k.Name)
	if known.Digest != "" && k.Digest != "" && known.Digest != k.Digest {
		return &ConflictError{"kernel " + k.Name, kernelIn(first, *known), kernelIn(source, k)}
	}
	required := known.Required || k.Required
	if known.Status != StatusRun && k.Status == StatusRun || known.Digest == "" && k.Digest != "" && k.Status == known.Status {
		*known, m.kernels[k.Name] = k, source
	}
	known.Required = required
	return nil
}

func kernelIn(source string, k Kernel) string {
	return fmt.Sprintf("in %s it is %s, digest %.12s", source, k.Release, k.Digest)
}

func (m *merging) addCell(source string, c Cell) error {
	first, ok := m.cells[c.Key()]
	if ok {
		known := m.out.Cells[m.out.place[c.Key()]]
		switch {
		case c.Verdict == vmtest.NotRun || reflect.DeepEqual(known, c):
			return nil
		case known.Verdict != vmtest.NotRun:
			return &ConflictError{c.Key().String(), cellIn(first, known), cellIn(source, c)}
		}
	}
	m.cells[c.Key()] = source
	m.out.Add(c)
	return nil
}

func cellIn(source string, c Cell) string {
	s := fmt.Sprintf("in %s it is %s, in %s", source, c.Verdict, duration(c.Seconds))
	if c.Reason != "" {
		s += " (" + oneLine(c.Reason) + ")"
	}
	return s
}

// shards sets the merged report's shard: none if all are there.
func (m *merging) shards() error {
	var have []string
	total := ""
	for _, p := range m.parts {
		which, of, ok := strings.Cut(p, "/")
		if !ok || total != "" && of != total {
			return nil // a whole report, or shards of different runs: a union
		}
		total = of
		have = append(have, strings.Split(which, ",")...)
	}
	slices.SortFunc(have, naturalCompare)
	have = slices.Compact(have)
	n, err := strconv.Atoi(total)
	if err != nil || len(have) >= n {
		return nil
	}
	m.out.Shard = strings.Join(have, ",") + "/" + total
	return fmt.Errorf("merge: %w: there are %s of %s", ErrShardsMissing, strings.Join(have, ", "), total)
}

func mergeTool(a, b Tool) Tool {
	return Tool{both(a.Name, b.Name), both(a.Version, b.Version)}
}

func mergeHost(a, b Host) Host {
	if a.CPUs != b.CPUs {
		a.CPUs = 0
	}
	return Host{
		OS: both(a.OS, b.OS), Kernel: both(a.Kernel, b.Kernel), CPU: both(a.CPU, b.CPU), CPUs: a.CPUs,
		QEMU: both(a.QEMU, b.QEMU), Accel: both(a.Accel, b.Accel),
	}
}

// both lists two values, a list itself the first, each once.
func both(a, b string) string {
	switch {
	case b == "" || slices.Contains(strings.Split(a, "; "), b):
		return a
	case a == "":
		return b
	}
	return a + "; " + b
}
