package kernels

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestNetwork gets real kernels from wherever this machine gets Debian from.
// It needs $ASSAY_TEST_NETWORK: kernel names, or "default" for the matrix.
func TestNetwork(t *testing.T) {
	names := strings.Fields(os.Getenv("ASSAY_TEST_NETWORK"))
	if len(names) == 0 {
		t.Skip("ASSAY_TEST_NETWORK names no kernels to fetch")
	}
	if names[0] == "default" {
		names = Default()
	}
	s, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			o := GetOptions{Notice: func(n string) { t.Log("notice:", n) }}
			begun := time.Now()
			img, err := s.Get(t.Context(), name, o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("got %s (%s) in %v", img.Release, img.Version, time.Since(begun))
			begun = time.Now()
			if _, err := s.Get(t.Context(), name, GetOptions{Offline: true}); err != nil {
				t.Errorf("get again, offline: %v", err)
			}
			t.Logf("got it again in %v", time.Since(begun))
			entry, _ := Series(name)
			begun = time.Now()
			mods, err := img.ModuleClosure(entry.Modules)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d modules in %v", len(mods), time.Since(begun))
			if btf, err := img.BTF(); err != nil || len(btf) < 1<<20 {
				t.Errorf("BTF has %d bytes, error %v", len(btf), err)
			}
			if !img.PVH {
				t.Error("no PVH note")
			}
		})
	}
}
