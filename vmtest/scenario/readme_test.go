package scenario

import (
	"os"
	"testing"

	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/scenario/internal/verb"
)

func TestReadmeIsFresh(t *testing.T) {
	got, err := os.ReadFile("../../testdata/README")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Readme() {
		t.Error("testdata/README is stale: to update it, run: go generate ./vmtest/scenario")
	}
}

// Names are one vocabulary: a verb must not hide one of testscript's.
func TestVerbsAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range verb.Names() {
		if seen[name] {
			t.Errorf("there are two verbs %s", name)
		}
		seen[name] = true
	}
	for _, v := range verb.Table() {
		if v.Summary == "" || v.Args == "" {
			t.Errorf("verb %s: want arguments and a summary, got %q, %q", v.Name, v.Args, v.Summary)
		}
	}
	if len(feature.Names()) == 0 {
		t.Error("there are no features to need")
	}
}
