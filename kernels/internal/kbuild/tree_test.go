package kbuild

import (
	"os"
	"strings"
	"testing"
)

// TestTree configures a real source tree with our own fragments, so that they
// are known to ask for what can be had. It needs $ASSAY_TEST_KBUILD, source
// trees; nothing is compiled.
func TestTree(t *testing.T) {
	trees := strings.Fields(os.Getenv("ASSAY_TEST_KBUILD"))
	if len(trees) == 0 {
		t.Skip("ASSAY_TEST_KBUILD names no Linux source trees")
	}
	for _, tree := range trees {
		for _, fragments := range [][]string{{"lab"}, {"lab", "btf"}, {"lab", "kasan"}, {"lab", "lockdep"}, {"lab", "kasan", "lockdep"}} {
			t.Run(tree+" "+strings.Join(fragments, "+"), func(t *testing.T) {
				j := &Job{Source: tree, Config: fragments, Dir: t.TempDir(), Notice: func(n string) { t.Log(n) }}
				asked, optional, err := j.asked()
				if err != nil {
					t.Fatal(err)
				}
				b := &build{job: j, tree: tree, out: t.TempDir()}
				c, err := b.configure(t.Context(), asked, optional)
				if err != nil {
					t.Fatal(err)
				}
				if err := checkTools(t.Context(), hostTools, c); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
