package vmtest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/assay-lab/assay/kernels"
	"github.com/assay-lab/assay/vmtest/guest"
)

// The tests of this package run this very binary inside VMs, in the roles of
// guestRoles.
func TestMain(m *testing.M) {
	guest.Park()
	if guest.Inside() {
		guest.Exit(runGuestRole(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// testKernel is the kernel of tests that want any: the one that boots fastest.
const testKernel = "5.10"

var openTestLab = sync.OnceValues(func() (*Lab, error) {
	return Open(Config{Notice: func(line string) { println("lab: " + line) }})
})

// testLab returns the lab the tests share, with the user's cache.
func testLab(t *testing.T) *Lab {
	t.Helper()
	if testing.Short() {
		t.Skip("boots VMs: not with -short")
	}
	l, err := openTestLab()
	if err != nil {
		t.Skipf("no lab here: %v", err)
	}
	return l
}

func testImage(t *testing.T, name string) *kernels.Image {
	t.Helper()
	s, err := kernels.Open("")
	if err != nil {
		t.Fatal(err)
	}
	image, err := s.Get(t.Context(), name, kernels.GetOptions{Notice: func(line string) { t.Log(line) }})
	if err != nil {
		t.Skipf("kernel %s: %v", name, err)
	}
	return image
}

// testTemplate returns a template that carries this binary as /test, parked.
func testTemplate(t *testing.T, shape Shape) *Template {
	t.Helper()
	l := testLab(t)
	base, err := l.Template(t.Context(), testImage(t, testKernel), shape)
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

func testClone(t *testing.T) *Machine {
	t.Helper()
	m, err := testTemplate(t, Shape{}).Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// role makes a task that plays one of guestRoles.
func role(name string, args ...string) Task {
	return Task{Args: append([]string{"/test", name}, args...), Zygote: true}
}

func runRole(t *testing.T, task Task) *Outcome {
	t.Helper()
	o := testTemplate(t, Shape{}).Run(context.WithoutCancel(t.Context()), task)
	t.Logf("%s %s (%v, %v of CPU)", o.Verdict, o.Reason, o.Duration.Round(1e6), o.CPU.Round(1e6))
	return o
}
