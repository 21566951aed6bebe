package kernels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNetworkHeaders gets the headers of real kernels. It needs
// $ASSAY_TEST_NETWORK_HEADERS: kernel names.
func TestNetworkHeaders(t *testing.T) {
	names := strings.Fields(os.Getenv("ASSAY_TEST_NETWORK_HEADERS"))
	if len(names) == 0 {
		t.Skip("ASSAY_TEST_NETWORK_HEADERS names no kernels")
	}
	s, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			img, err := s.Get(t.Context(), name, GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			dir, err := s.Headers(t.Context(), img, GetOptions{Notice: func(n string) { t.Log(n) }})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s in %v", dir, time.Since(begun))
			for _, file := range []string{"Makefile", ".config", "Module.symvers", "scripts"} {
				if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
