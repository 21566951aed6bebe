package kernels

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels/catalog"
)

func TestDefault(t *testing.T) {
	want := []string{"4.19", "5.10", "6.1", "6.12", "6.18", "7.2"}
	if d := cmp.Diff(want, Default()); d != "" {
		t.Errorf("default matrix differs (-want +got):\n%s", d)
	}
}

func TestSeries(t *testing.T) {
	for name, want := range map[string]string{
		"6.12": "6.12", "6.12-generic": "6.12", "6.1@6.1.192-2": "6.1", "7.2-rt@7.2.12-1~bpo13+1": "7.2",
		"6.13": "", "6.12-x": "", "./bzImage": "", "": "",
	} {
		e, ok := Series(name)
		if ok != (want != "") || ok && e.Series != want {
			t.Errorf("Series(%q) = %v, %v; want %q", name, e, ok, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"6.13":        "6.12",
		"6.2":         "6.1",
		"6.12-cluod":  "6.12-cloud",
		"5.10-geneic": "5.10-generic",
		"7.22":        "7.2",
		"v6.12":       "6.12",
		"debian":      "",
		"x":           "",
	} {
		_, err := parseName(catalog.Embedded(), name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: error %v, want an *UnknownError", name, err)
			continue
		}
		if unknown.Nearest != want {
			t.Errorf("%s: nearest is %q, want %q", name, unknown.Nearest, want)
		}
	}
}
