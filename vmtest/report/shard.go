package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Shard is a part of a matrix that is run apart, on a machine of its own.
type Shard struct {
	Index int // from 1
	Of    int // how many there are
}

// String returns the form that ParseShard reads, "2/5".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// ParseShard reads "I/N", the I-th of N, where I counts from 1.
func ParseShard(text string) (Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if !ok || err != nil || err2 != nil || index < 1 || index > of {
		return Shard{}, fmt.Errorf("shard %q: want I/N, the I-th of N, such as 1/4 to 4/4", text)
	}
	return Shard{index, of}, nil
}

// Environment variables of ShardFromEnv.
const (
	// EnvShard is the shard, "2/5". In a matrix of GitHub Actions:
	//	ASSAY_SHARD: ${{ matrix.shard }}/${{ strategy.job-total }}
	// and with GitLab's parallel:
	//	ASSAY_SHARD: $CI_NODE_INDEX/$CI_NODE_TOTAL
	EnvShard = "ASSAY_SHARD"
	// EnvShards is how many shards there are, where EnvIndex says which.
	EnvShards = "ASSAY_SHARDS"
	// EnvIndex is set by Kubernetes in the pods of an Indexed Job; it counts
	// from 0.
	EnvIndex = "JOB_COMPLETION_INDEX"
)

// ShardFromEnv returns the shard that the environment asks for: that of EnvShard, or
// of EnvIndex with EnvShards. Without either it is 1/1, everything.
func ShardFromEnv(getenv func(string) string) (Shard, error) {
	if text := getenv(EnvShard); text != "" {
		s, err := ParseShard(text)
		if err != nil {
			return s, fmt.Errorf("%s: %w", EnvShard, err)
		}
		return s, nil
	}
	of, index := getenv(EnvShards), getenv(EnvIndex)
	if of == "" {
		return Shard{1, 1}, nil
	}
	if index == "" {
		return Shard{}, fmt.Errorf("%s is %s, but nothing says which of them this is: set %s to I/%[2]s", EnvShards, of, EnvShard)
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return Shard{}, fmt.Errorf("%s is %q: want a number from 0", EnvIndex, index)
	}
	s, err := ParseShard(fmt.Sprintf("%d/%s", i+1, of))
	if err != nil {
		return s, fmt.Errorf("%s %s with %s %s: %w", EnvIndex, index, EnvShards, of, err)
	}
	return s, nil
}

// setupSeconds is about what a kernel costs a shard before its first cell: to fetch and
// unpack it, to boot its template, to bring the payload in.
const setupSeconds = 10

// Select returns the shard's part of a plan, in the plan's order. The shards of a
// plan have every key exactly once between them; and they take about as long as each
// other, judging by the given durations in seconds (a key without one counts as the
// mean) and by what each kernel costs a shard to set up, so that few kernels are in
// several shards. The same arguments give the same shards on every machine.
func (s Shard) Select(plan []Key, durations map[Key]float64) []Key {
	shard := assign(plan, durations, s.Of)
	var mine []Key
	for _, k := range plan {
		if i, ok := shard[k]; ok && i == s.Index-1 {
			mine = append(mine, k)
			delete(shard, k) // once, even if the plan has it twice
		}
	}
	return mine
}

// assign lays the cells in a row, kernel by kernel, the longest of a kernel first, and
// cuts the row into pieces so that the longest piece is as short as can be.
func assign(plan []Key, durations map[Key]float64, of int) map[Key]int {
	weights := weigh(plan, durations)
	keys := slices.SortedFunc(maps.Keys(weights), func(a, b Key) int {
		return cmp.Or(naturalCompare(a.Kernel, b.Kernel), cmp.Compare(weights[b], weights[a]), compareKeys(a, b))
	})
	least, most := 0.0, 0.0
	for _, k := range keys {
		most += weights[k] + setupSeconds
	}
	piece := make([]int, len(keys))
	for range 40 { // halves a day to less than a microsecond
		middle := (least + most) / 2
		if cut(keys, weights, middle, piece) <= of {
			most = middle
		} else {
			least = middle
		}
	}
	cut(keys, weights, most, piece)
	shard := make(map[Key]int, len(keys))
	for i, k := range keys {
		shard[k] = piece[i]
	}
	return shard
}

// cut fills one shard after another up to a limit in seconds, or with one cell if even
// that takes longer. It sets the shard of each key, and returns how many there are.
func cut(keys []Key, weights map[Key]float64, limit float64, piece []int) int {
	load, kernel, n := 0.0, "", 0
	for i, k := range keys {
		add := weights[k]
		if i == 0 || k.Kernel != kernel {
			add += setupSeconds
		}
		if i > 0 && load+add > limit {
			n++
			load, add = 0, weights[k]+setupSeconds
		}
		load, kernel, piece[i] = load+add, k.Kernel, n
	}
	return n + 1
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Kernel, b.Kernel))
}
