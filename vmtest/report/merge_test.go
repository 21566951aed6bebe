package report

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/vmtest"
)

// shardsOf takes a report apart as a sharded run would have made it.
func shardsOf(r *Report, n int) (sources []Source) {
	var plan []Key
	byKey := map[Key]Cell{}
	for _, c := range r.Cells {
		plan = append(plan, c.Key())
		byKey[c.Key()] = c
	}
	for i := range n {
		s := Shard{i + 1, n}
		part := New(r.Tool, r.Host)
		part.Started, part.Seconds, part.Shard = r.Started, r.Seconds, s.String()
		for _, k := range r.Kernels {
			k.Status, k.Reason = "", "" // as it is before anything is run
			if k.Name == "7.3" {
				k = r.Kernels[len(r.Kernels)-1]
			}
			part.AddKernel(k)
		}
		for _, k := range s.Select(plan, r.Durations()) {
			part.Add(byKey[k])
		}
		sources = append(sources, Source{fmt.Sprintf("report-%d.json", i+1), part})
	}
	return sources
}

func TestMergeUndoesSharding(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	want := sample(10)
	for n := 1; n <= 12; n++ {
		sources := shardsOf(want, n)
		rnd.Shuffle(n, func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
		got, err := Merge(sources...)
		if err != nil {
			t.Fatalf("%d shards: %v", n, err)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%d shards, merged, differ from the whole (-want +got):\n%s", n, diff)
		}
	}
}

func TestMergeMissingShards(t *testing.T) {
	sources := shardsOf(sample(2), 5)
	got, err := Merge(sources[3], sources[0], sources[4])
	if !errors.Is(err, ErrShardsMissing) || !strings.Contains(fmt.Sprint(err), "1, 4, 5 of 5") {
		t.Errorf("got error %v, want %v with 1, 4, 5 of 5", err, ErrShardsMissing)
	}
	if got == nil || got.Shard != "1,4,5/5" {
		t.Fatalf("got report %v, want one of shard 1,4,5/5", got)
	}
	all, err := Merge(Source{"three.json", got}, sources[1], sources[2])
	if err != nil || all.Shard != "" || len(all.Cells) != len(sample(2).Cells) {
		t.Errorf("with the missing ones: shard %q, %d cells, error %v", all.Shard, len(all.Cells), err)
	}
}

func TestMergeConflicts(t *testing.T) {
	one := func(k Kernel, c Cell) *Report {
		r := New(Tool{"assay", "v1"}, Host{})
		k.Name, c.Kernel, c.Case = "6.1", "6.1", "a"
		r.AddKernel(k)
		r.Add(c)
		return r
	}
	pass := Cell{Verdict: vmtest.Pass, Seconds: 1}
	for _, tt := range []struct {
		name string
		a, b *Report
		want []string // of the error; none if there is none
	}{
		{"the same", one(Kernel{}, pass), one(Kernel{}, pass), nil},
		{"another verdict", one(Kernel{}, pass), one(Kernel{}, Cell{Verdict: vmtest.Fail, Reason: "no"}),
			[]string{"a on 6.1", "in a.json it is pass", "in b.json it is fail", "(no)"}},
		{"another time", one(Kernel{}, pass), one(Kernel{}, Cell{Verdict: vmtest.Pass, Seconds: 2}),
			[]string{"a.json", "in 1.0s", "b.json", "in 2.0s"}},
		{"another kernel", one(Kernel{Digest: "aaaa"}, pass), one(Kernel{Digest: "bbbb"}, pass),
			[]string{"kernel 6.1", "a.json", "aaaa", "b.json", "bbbb"}},
		{"not run first", one(Kernel{}, Cell{Verdict: vmtest.NotRun}), one(Kernel{}, pass), nil},
		{"not run last", one(Kernel{}, pass), one(Kernel{}, Cell{Verdict: vmtest.NotRun}), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Merge(Source{"a.json", tt.a}, Source{"b.json", tt.b})
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if got.Cells[0].Verdict != vmtest.Pass || got.Kernels[0].Status != StatusRun {
					t.Errorf("got %s on a kernel that was %s, want pass, run", got.Cells[0].Verdict, got.Kernels[0].Status)
				}
				return
			}
			var conflict *ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("got error %v, want a *ConflictError", err)
			}
			for _, w := range tt.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got error %q, want %q in it", err, w)
				}
			}
		})
	}
}

func TestMergeOfDifferentHosts(t *testing.T) {
	a, b := New(Tool{"assay", "v1"}, Host{OS: "Debian", CPUs: 2, Accel: "tcg"}), New(Tool{"assay", "v2"}, Host{OS: "Debian", CPUs: 4, Accel: "kvm"})
	got, err := Merge(Source{"a", a}, Source{"b", b}, Source{"c", a})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Tool{"assay", "v1; v2"}); got.Tool != want {
		t.Errorf("tool = %v, want %v", got.Tool, want)
	}
	if want := (Host{OS: "Debian", Accel: "tcg; kvm"}); got.Host != want {
		t.Errorf("host = %+v, want %+v", got.Host, want)
	}
}
