//go:build slow

package vmtest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestSoak clones, runs and kills: a thousand times on the first kernel of the
// matrix, two hundred on each other, without one failure and with nothing left.
//
//	go test -tags slow -run TestSoak -timeout 60m -v ./vmtest
func TestSoak(t *testing.T) {
	lab, err := openTestLab()
	if err != nil {
		t.Fatal(err)
	}
	cycles := 1000
	for _, name := range matrixKernels(MatrixOptions{}) {
		t.Run(kernelTestName(name), func(t *testing.T) {
			image := testImage(t, name)
			tp := soakTemplate(t, lab, image.Name)
			before := takeStock(t)
			start, failed := time.Now(), 0
			seen := map[string]bool{}
			for _, o := range runMany(t.Context(), tp, cycles, role("random")) {
				uuid, _, _ := strings.Cut(o.Stdout, "\n")
				if o.Verdict != Pass || seen[uuid] {
					failed++
					t.Errorf("%s: %s (random number %q, seen before: %v)", o.Verdict, o.Reason, uuid, seen[uuid])
				}
				seen[uuid] = true
			}
			t.Logf("%s: %d cycles, %d failures, %.1f a second", name, cycles, failed, float64(cycles)/time.Since(start).Seconds())
			after := takeStock(t)
			after.files = max(after.files, before.files) // fewer is no leak
			if after != before {
				t.Errorf("left over: before %+v, after %+v", before, after)
			}
			cycles = 200
		})
	}
}

func soakTemplate(t *testing.T, lab *Lab, name string) *Template {
	t.Helper()
	base, err := lab.Template(t.Context(), testImage(t, name), Shape{})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Program(self, "/test")
	if err != nil {
		t.Fatal(err)
	}
	tp, err := base.With(t.Context(), Payload{Files: files, Zygote: "/test"})
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// stock is what a machine might leave behind.
type stock struct{ children, shm, building, locks, files int }

func takeStock(t *testing.T) (s stock) {
	t.Helper()
	runtime.GC() // closes what is only garbage
	count := func(pattern string) int {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	dir, err := DefaultCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	children, err := os.ReadFile("/proc/thread-self/children")
	if err == nil {
		s.children = len(strings.Fields(string(children)))
	}
	s.shm = count("/dev/shm/*")
	s.building = count(filepath.Join(dir, "snapshots", building+"*"))
	s.locks = count(filepath.Join(dir, "snapshots", "*.lock"))
	s.files = count("/proc/self/fd/*")
	return s
}
