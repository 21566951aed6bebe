package vmtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assay-lab/assay/kernels"
)

// The figures the lab promises, each a ratio or a count taken in one run; wall
// time under TCG means nothing. "make bench" prints them.

func benchImage(b *testing.B, name string) *kernels.Image {
	b.Helper()
	s, err := kernels.Open("")
	if err != nil {
		b.Fatal(err)
	}
	image, err := s.Get(b.Context(), name, kernels.GetOptions{})
	if err != nil {
		b.Skipf("kernel %s: %v", name, err)
	}
	return image
}

func benchKernels(b *testing.B, run func(b *testing.B, image *kernels.Image)) {
	for _, name := range matrixKernels(MatrixOptions{}) {
		b.Run(kernelTestName(name), func(b *testing.B) { run(b, benchImage(b, name)) })
	}
}

// cost runs start until the machine answers, ends it, and returns its CPU time.
func cost(b *testing.B, start func() (*Machine, error)) time.Duration {
	b.Helper()
	m, err := start()
	if err != nil {
		b.Fatal(err)
	}
	m.Close()
	return m.CPUTime()
}

func median(v []time.Duration) time.Duration {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkCloneAgainstBoot is the CPU time from nothing to "the agent answers",
// of the lab's own tuned cold boot over that of a clone, alternating.
func BenchmarkCloneAgainstBoot(b *testing.B) {
	lab, err := openTestLab()
	if err != nil {
		b.Skip(err)
	}
	benchKernels(b, func(b *testing.B, image *kernels.Image) {
		tp, err := lab.Template(b.Context(), image, Shape{})
		if err != nil {
			b.Fatal(err)
		}
		var boots, clones []time.Duration
		for range max(b.N, 5) {
			boots = append(boots, cost(b, func() (*Machine, error) { return lab.Boot(b.Context(), image, Shape{}) }))
			for range 4 {
				clones = append(clones, cost(b, func() (*Machine, error) { return tp.Clone(b.Context()) }))
			}
		}
		boot, clone := median(boots), median(clones)
		b.ReportMetric(float64(boot)/float64(clone), "boot/clone")
		b.ReportMetric(float64(boot.Milliseconds()), "boot-cpu-ms")
		b.ReportMetric(float64(clone.Microseconds())/1e3, "clone-cpu-ms")
		b.ReportMetric(0, "ns/op")
	})
}

func benchTemplate(b *testing.B, lab *Lab, image *kernels.Image) *Template {
	b.Helper()
	base, err := lab.Template(b.Context(), image, Shape{})
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	files, err := Program(self, "/test")
	if err != nil {
		b.Fatal(err)
	}
	tp, err := base.With(b.Context(), Payload{Files: files, Zygote: "/test"})
	if err != nil {
		b.Fatal(err)
	}
	return tp
}

// BenchmarkCells runs empty tasks, as many at once as the host has slots: how many
// there are a second, and what each costs of clone, delivery, run and collection.
func BenchmarkCells(b *testing.B) {
	lab, err := openTestLab()
	if err != nil {
		b.Skip(err)
	}
	benchKernels(b, func(b *testing.B, image *kernels.Image) {
		tp := benchTemplate(b, lab, image)
		const cells = 100
		var used time.Duration
		start := time.Now()
		for range b.N {
			for _, o := range runMany(b.Context(), tp, cells, role("true")) {
				if o.Verdict != Pass {
					b.Fatalf("%s: %s", o.Verdict, o.Reason)
				}
				used += o.CPU
			}
		}
		n := cells * b.N
		b.ReportMetric(float64(n)/time.Since(start).Seconds(), "cells/s")
		b.ReportMetric(float64(used.Milliseconds())/float64(n), "cpu-ms/cell")
		b.ReportMetric(0, "ns/op")
	})
}

// runMany runs a task n times, on all slots.
func runMany(ctx context.Context, tp *Template, n int, task Task) []*Outcome {
	out := make([]*Outcome, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range Slots() {
		wg.Go(func() {
			for i := range next {
				out[i] = tp.Run(ctx, task)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// BenchmarkMemoryPerClone is what one more idle clone takes of the host's memory:
// its pages that are shared with nobody.
func BenchmarkMemoryPerClone(b *testing.B) {
	lab, err := openTestLab()
	if err != nil {
		b.Skip(err)
	}
	benchKernels(b, func(b *testing.B, image *kernels.Image) {
		tp := benchTemplate(b, lab, image)
		const clones = 8
		var total int
		for range clones {
			m, err := tp.Clone(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			if err := m.Command(b.Context(), "/test", "true").Run(); err != nil {
				b.Fatal(err)
			}
			total += privateKB(b, m.proc.cmd.Process.Pid)
		}
		b.ReportMetric(float64(total)/clones/1024, "MiB/clone")
		b.ReportMetric(0, "ns/op")
	})
}

// privateKB reads what memory a process shares with none.
func privateKB(b *testing.B, pid int) (kb int) {
	b.Helper()
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(rollup)) {
		var n int
		if _, err := fmt.Sscanf(line, "Private_Dirty: %d kB", &n); err == nil {
			kb += n
		}
		if _, err := fmt.Sscanf(line, "Private_Clean: %d kB", &n); err == nil {
			kb += n
		}
	}
	return kb
}
