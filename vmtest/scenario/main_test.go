package scenario

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/vmtest/feature"
)

// The tests run this very binary as the program that runs a scenario: it must be
// one that exits, as Main leaves its thread where the scenario was.
const envRole = "SCENARIO_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(envRole) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a scenario runs as root")
	}
}

// outcome is what came of a run in a process of its own.
type outcome struct {
	status         int
	stdout, stderr string
}

func process(text string, args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Env = append(os.Environ(), envRole+"=1")
	c.Stdin = strings.NewReader(text)
	return c
}

func runMain(t *testing.T, text string, args ...string) outcome {
	t.Helper()
	needRoot(t)
	var stdout, stderr bytes.Buffer
	c := process(text, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func runScenario(t *testing.T, text string, args ...string) Result {
	t.Helper()
	o := runMain(t, text, args...)
	r, err := ParseResult(o.stderr)
	if err != nil {
		t.Fatalf("%v\nstatus %d\n%s\n%s", err, o.status, o.stdout, o.stderr)
	}
	if want := r.Verdict == Fail; (o.status != exitOK) != want || o.status > exitFail {
		t.Errorf("verdict %s with status %d", r.Verdict, o.status)
	}
	t.Logf("%s %s", r.Verdict, r.Reason)
	if r.Verdict == Fail || testing.Verbose() {
		t.Log(o.stdout)
	}
	return r
}

// onHost are scenarios that need the programs of a distribution.
const onHost = "testdata/host"

// Every scenario in testdata shows verbs that do what they should, and that can
// fail.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*" + Extension)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	host, err := filepath.Glob(onHost + "/*" + Extension)
	if err != nil || len(host) == 0 {
		t.Fatalf("no scenarios in %s: %v", onHost, err)
	}
	files = append(files, host...)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), Extension), func(t *testing.T) {
			if _, err := exec.LookPath("sh"); err != nil && filepath.Dir(file) == onHost {
				t.Skip("it needs the programs of a distribution")
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if r := runScenario(t, string(text), file); r.Verdict == Fail {
				t.Error(r.Reason)
			}
		})
	}
	checkNothingLeft(t)
}

func TestReason(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"verb", "let x 7\ncheck $x == 8", "dir/x.txtar:3: check $x == 8: 7 == 8 does not hold, the difference is -1"},
		{"verb that should fail", "! check 1 == 1", "dir/x.txtar:2: ! check 1 == 1: it succeeded, and should not have"},
		{"misuse where a failure is wanted", "! let x nonsense", `dir/x.txtar:2: ! let x nonsense: compute "nonsense": "nonsense" is no whole number`},
		{"unset variable", "check $y == 1", `dir/x.txtar:2: check $y == 1: compute "": a number is missing; is a variable unset?`},
		{"program", "exec sh -c 'echo first >&2; echo why >&2; exit 3'", "dir/x.txtar:2: exec sh -c 'echo first >&2; echo why >&2; exit 3': unexpected command failure: why"},
		{"silent program", "exec false", "dir/x.txtar:2: exec false: unexpected command failure: exit status 1"},
		{"comparison", "cmp a b\n-- a --\n1\n-- b --\n2", "dir/x.txtar:2: cmp a b: a and b differ"},
		{"output", "exec echo this\nstdout that", "dir/x.txtar:3: stdout that: no match for `that` found in stdout"},
		{"no program", "exec no-such-program", `dir/x.txtar:2: exec no-such-program: unexpected command failure: exec: "no-such-program": executable file not found in $PATH`},
		{"wait", "exec false &\nwait", "dir/x.txtar:3: wait: unexpected command failure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runScenario(t, "# c\n"+c.script+"\n", "dir/x")
			if r.Verdict != Fail || r.Reason != c.want {
				t.Errorf("got %s %q, want fail %q", r.Verdict, r.Reason, c.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	const text = `# The claim.
exec echo one

# A step that fails.
exec echo two
exec false
let never 1
`
	const progress = `# The claim.
x.txtar:2: exec echo one
# A step that fails.
x.txtar:5: exec echo two
x.txtar:6: exec false
---
`
	const last = `> exec echo two
[stdout]
two
> exec false
[exit status 1]
FAIL: x.txtar:6: unexpected command failure
`
	o := runMain(t, text, "x")
	rest, ok := strings.CutPrefix(o.stdout, progress)
	if !ok {
		t.Fatalf("log: got\n%s\nwant it to begin with\n%s", o.stdout, progress)
	}
	step, rest, _ := strings.Cut(rest, "\n")
	if !strings.HasPrefix(step, "# A step that fails. (") {
		t.Errorf("the failing step is told as %q", step)
	}
	if diff := cmp.Diff(last, rest); diff != "" {
		t.Errorf("what the failing step printed (-want +got):\n%s", diff)
	}
	if o := runMain(t, text, "-v", "x"); !strings.Contains(o.stdout, "[stdout]\none\n") {
		t.Errorf("with -v the output of the step that passed is missing:\n%s", o.stdout)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name, text string
		args       []string
		want       string
	}{
		{"no name", "# c\nlet x 1\n", nil, "usage: scenario [-update] [-v] NAME < FILE"},
		{"two names", "# c\nlet x 1\n", []string{"a", "b"}, "usage: scenario [-update] [-v] NAME < FILE"},
		{"unknown option", "# c\nlet x 1\n", []string{"-x", "a"}, "usage: scenario [-update] [-v] NAME < FILE"},
		{"faulty scenario", "# c\nlett x 1\n", []string{"a"}, `a.txtar:2: unknown verb "lett": did you mean let?`},
	} {
		o := runMain(t, c.text, c.args...)
		if o.status != exitUsage || strings.TrimSpace(o.stderr) != c.want {
			t.Errorf("%s: got status %d, %q; want 2, %q", c.name, o.status, o.stderr, c.want)
		}
	}
}

// absentFeature returns a feature that this kernel lacks.
func absentFeature(t *testing.T) (name, reason string) {
	t.Helper()
	needRoot(t)
	for _, name := range []string{"netkit", "perf_hardware", "sched_ext", "9p", "bpf_token", "tcx", "ringbuf"} {
		f, ok := feature.Lookup(name)
		if !ok {
			t.Fatalf("there is no feature %s", name)
		}
		if err := f.Probe(); errors.Is(err, feature.ErrAbsent) {
			return name, oneLine(err.Error())
		}
	}
	t.Skip("this kernel has all that was tried")
	return "", ""
}

func TestUnsupported(t *testing.T) {
	lacking, reason := absentFeature(t)
	head := "# c\nneeds ipv6 " + lacking + "\ncheck 1 == 2\n"
	for _, c := range []struct {
		name, parts string
		want        Result
	}{
		{"general part", "-- unsupported --\n! check 1 == 2\n",
			Result{Verdict: Unsupported, Reason: "lacks " + lacking + ": " + reason, Ran: 1}},
		{"its own part goes first", "-- unsupported --\ncheck 1 == 2\n-- unsupported/" + lacking + " --\nlet x 1\n! check $x == 2\n",
			Result{Verdict: Unsupported, Reason: "lacks " + lacking + ": " + reason, Ran: 2}},
		{"the part fails", "-- unsupported --\n# it is refused\nexec true\ncheck 1 == 2\n",
			Result{Verdict: Fail, Reason: "x.txtar:7: check 1 == 2: 1 == 2 does not hold, the difference is -1", Ran: 2}},
		{"it has the files", "-- unsupported --\ngrep content file\n-- file --\ncontent\n",
			Result{Verdict: Unsupported, Reason: "lacks " + lacking + ": " + reason, Ran: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Has, c.want.Lacks = []string{"ipv6"}, []string{lacking}
			got := runScenario(t, head+c.parts, "x")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSupported(t *testing.T) {
	got := runScenario(t, "# c\nneeds ipv6\nexec true\n! check 1 == 2\n-- unsupported --\ncheck 1 == 2\n", "x")
	if diff := cmp.Diff(Result{Verdict: Pass, Has: []string{"ipv6"}, Ran: 2}, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestUpdate(t *testing.T) {
	const before = `# The claim.   (its spaces stay)
needs   ipv6

exec echo new
cmp stdout want
exec cat same
cmp stdout same
-- want --
old
-- unsupported --
  let x 1 # untouched
-- same --
same
`
	if r := runScenario(t, before, "-update", "x"); r.Verdict != Pass {
		t.Fatalf("got %s %s, want a pass", r.Verdict, r.Reason)
	}
	got, err := os.ReadFile(Updated)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Replace(before, "\nold\n", "\nnew\n", 1), string(got)); diff != "" {
		t.Errorf("updated scenario (-want +got):\n%s", diff)
	}
	if r := runScenario(t, string(got), "-update", "x"); r.Verdict != Pass {
		t.Errorf("the updated scenario: got %s %s, want a pass", r.Verdict, r.Reason)
	}
	if _, err := os.Stat(Updated); !os.IsNotExist(err) {
		t.Errorf("nothing had changed, yet there is an updated scenario (%v)", err)
	}
	if r := runScenario(t, before, "x"); r.Verdict != Fail || !strings.Contains(r.Reason, "stdout and want differ") {
		t.Errorf("without -update: got %s %q, want it to fail", r.Verdict, r.Reason)
	}
}
