package selftest

// Sizes of the memory that is shared with the programs; see enetstl_pure.bpf.c.
const (
	maxKey   = 512
	maxTable = 65536

	atN, atResult = 0, 32 // n, m, a, b, result
	atKey         = 40
	atOther       = atKey + maxKey
	atTable       = atOther + maxKey
)

// A caller calls kfuncs that depend on nothing but their arguments.
type caller struct {
	*shared
	key   []byte // maxKey bytes, in the shared memory
	other []byte
	table []byte
}

// newCaller loads the programs whose names are given, without "call_".
func newCaller(t *T, functions ...string) *caller {
	var names []string
	for _, f := range functions {
		names = append(names, "call_"+f)
	}
	s := share(t, loadPure, atTable+maxTable, names...)
	return &caller{s, s.memory[atKey:][:maxKey], s.memory[atOther:][:maxKey], s.memory[atTable:][:maxTable]}
}

// call calls a function: with n bytes of key, m of table, and the numbers a and b.
func (c *caller) call(function string, n, m int, a, b uint64) int64 {
	c.put(atN, uint64(n), uint64(m), a, b)
	if ret := c.run("call_" + function); ret != 0 {
		c.t.Fatalf("%s does not run: %d", function, ret)
	}
	return int64(c.get(atResult))
}

// want calls a function and compares its result.
func (c *caller) want(function string, n, m int, a, b uint64, want int64) {
	if got := c.call(function, n, m, a, b); got != want {
		c.t.Errorf("%s(%d bytes, %d bytes, %#x, %#x) = %d (%#x), want %d (%#x)", function, n, m, a, b, got, uint64(got), want, uint64(want))
	}
}
