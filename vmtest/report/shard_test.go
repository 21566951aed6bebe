package report

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseShard(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Shard
		ok   bool
	}{
		{"1/1", Shard{1, 1}, true},
		{"12/12", Shard{12, 12}, true},
		{"0/3", Shard{}, false},
		{"4/3", Shard{}, false},
		{"-1/3", Shard{}, false},
		{"1", Shard{}, false},
		{"1/", Shard{}, false},
		{"1/3/4", Shard{}, false},
		{"a/b", Shard{}, false},
	} {
		got, err := ParseShard(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseShard(%q) = %v, %v; want %v, ok %v", tt.in, got, err, tt.want, tt.ok)
		}
	}
}

func TestShardFromEnv(t *testing.T) {
	for _, tt := range []struct {
		env  string
		want Shard
		err  string
	}{
		{"", Shard{1, 1}, ""},
		{"ASSAY_SHARD=2/5", Shard{2, 5}, ""},
		{"ASSAY_SHARD=9/5", Shard{}, "ASSAY_SHARD: shard \"9/5\""},
		{"JOB_COMPLETION_INDEX=0 ASSAY_SHARDS=3", Shard{1, 3}, ""},
		{"JOB_COMPLETION_INDEX=2 ASSAY_SHARDS=3", Shard{3, 3}, ""},
		{"JOB_COMPLETION_INDEX=3 ASSAY_SHARDS=3", Shard{}, "JOB_COMPLETION_INDEX 3 with ASSAY_SHARDS 3"},
		{"JOB_COMPLETION_INDEX=x ASSAY_SHARDS=3", Shard{}, "want a number from 0"},
		{"JOB_COMPLETION_INDEX=3", Shard{1, 1}, ""}, // a job that is not sharded by assay
		{"ASSAY_SHARDS=3", Shard{}, "set ASSAY_SHARD to I/3"},
		{"ASSAY_SHARD=1/2 JOB_COMPLETION_INDEX=2 ASSAY_SHARDS=3", Shard{1, 2}, ""},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(tt.env) {
			k, v, _ := strings.Cut(pair, "=")
			env[k] = v
		}
		got, err := ShardFromEnv(func(k string) string { return env[k] })
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("with %q: got %v, %v; want %v, error with %q", tt.env, got, err, tt.want, tt.err)
		}
	}
}

// randomPlan makes a plan, and the durations of most of it.
func randomPlan(rnd *rand.Rand) ([]Key, map[Key]float64) {
	var plan []Key
	durations := map[Key]float64{}
	for c := range 1 + rnd.IntN(60) {
		for k := range 1 + rnd.IntN(12) {
			key := Key{"t", fmt.Sprint("case", c), fmt.Sprint("6.", k)}
			plan = append(plan, key)
			if rnd.IntN(10) > 0 {
				durations[key] = rnd.ExpFloat64() * 3
			}
		}
	}
	return plan, durations
}

func TestShardsPartition(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		plan, durations := randomPlan(rnd)
		n := 1 + rnd.IntN(9)
		seen := map[Key]int{}
		weights := weigh(plan, durations)
		var longest, all, latest float64
		kernels := map[string]bool{}
		for _, k := range plan {
			longest, all, kernels[k.Kernel] = max(longest, weights[k]), all+weights[k], true
		}
		for i := range n {
			mine := Shard{i + 1, n}.Select(plan, durations)
			load, set := 0.0, map[string]bool{}
			for _, k := range mine {
				seen[k]++
				load, set[k.Kernel] = load+weights[k], true
			}
			latest = max(latest, load+setupSeconds*float64(len(set)))
			if again := (Shard{i + 1, n}).Select(plan, durations); !cmp.Equal(mine, again) {
				t.Fatalf("shard %d/%d differs from call to call", i+1, n)
			}
		}
		for _, k := range plan {
			if seen[k] != 1 {
				t.Fatalf("of %d shards, %v is in %d, want 1", n, k, seen[k])
			}
		}
		// The mean, and the cell that did not fit into the shard before.
		setups := setupSeconds * float64(len(kernels)+n-1)
		if bound := (all+setups)/float64(n) + longest + setupSeconds; latest > bound+1e-6 {
			t.Errorf("%d cells of %.1f s on %d kernels in %d shards: the last ends after %.1f s, want at most %.1f s",
				len(plan), all, len(kernels), n, latest, bound)
		}
	}
}

func TestShardKeepsKernelsTogether(t *testing.T) {
	plan := planOf("a b c d e f", "5.10 6.1 6.12 6.18")
	for i := range 4 {
		kernels := map[string]int{}
		for _, k := range (Shard{i + 1, 4}).Select(plan, nil) {
			kernels[k.Kernel]++
		}
		if len(kernels) != 1 {
			t.Errorf("shard %d/4 of 4 kernels alike has %v, want one kernel", i+1, kernels)
		}
	}
}

func TestShardWithoutRepetition(t *testing.T) {
	k := Key{"", "a", "6.1"}
	if got := (Shard{1, 1}).Select([]Key{k, k}, nil); len(got) != 1 {
		t.Errorf("a key that the plan has twice: got %v, want it once", got)
	}
}
