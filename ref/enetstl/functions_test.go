package enetstl

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const source = "../../kmod/enetstl"

func read(t *testing.T, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(source, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	var text strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	return text.String()
}

func matches(text, pattern string) []string {
	var list []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// What the module registers, what its headers declare, and what this package checks for
// are the same functions.
func TestFunctions(t *testing.T) {
	registered := matches(read(t, "kfuncs.c"), `BTF_ID_FLAGS\(func, (\w+)`)
	declared := matches(read(t, "*.h"), `(?m)\b(bpf_en_\w+)\([^;]*\) EN_KSYM;`)
	if d := cmp.Diff(registered, Functions()); d != "" {
		t.Errorf("functions differ from kmod/enetstl/kfuncs.c (-registered +here):\n%s", d)
	}
	if d := cmp.Diff(registered, declared); d != "" {
		t.Errorf("headers differ from kmod/enetstl/kfuncs.c (-registered +declared):\n%s", d)
	}
}

// Every function's contract is in the comment above its declaration, with what it costs.
func TestFunctionsAreDocumented(t *testing.T) {
	for _, name := range []string{"enetstl", "memory", "bits", "hash", "compare", "buckets", "random"} {
		text := read(t, name+".h")
		for _, part := range strings.Split(text, "\n\n") {
			if strings.Contains(part, "EN_KSYM;") && !strings.HasPrefix(strings.TrimSpace(part), "/*") && !strings.Contains(part, "*/") {
				t.Errorf("%s.h: no comment on\n%s", name, part)
			}
		}
	}
}
