package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = `# The claim.
needs cgroup2 ipv6
shape smp
limit 90s
bring package curl

# A step.
let x 'a # is no comment here' # but this is one

-- in --
data
-- unsupported/ipv6 --
! let x y
-- unsupported --
! let x z
`
	s, err := Parse("testdata/some_name.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	type head struct {
		Name, File, Claim, Shape string
		Limit                    time.Duration
		Needs                    []string
		Brings                   []Bring
	}
	got := head{s.Name, s.File, s.Claim, s.Shape, s.Limit, s.Needs, s.Brings}
	want := head{"some_name", "testdata/some_name.txtar", "The claim.", "smp", 90 * time.Second, []string{"cgroup2", "ipv6"},
		[]Bring{{Kind: "package", Args: []string{"curl"}, Line: 5}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scenario (-want +got):\n%s", diff)
	}
	if string(s.Data) != text {
		t.Error("Data is not the whole file")
	}
	if got := s.unsupported["ipv6"].commands[0].line; got != 13 {
		t.Errorf("the first command of unsupported/ipv6 is at line %d, want 13", got)
	}
	if got := s.unsupported[""].commands[0]; got.line != 15 || !got.negated || got.words[0] != "let" {
		t.Errorf("the command of unsupported is %+v, want the let of line 15, negated", got)
	}
}

func TestParseNames(t *testing.T) {
	for _, name := range []string{"x", "x.txtar", "testdata/x", "testdata/x.txtar"} {
		s, err := Parse(name, []byte("# c\nlet x 1\n"))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimSuffix(name, ".txtar") + ".txtar"; s.Name != "x" || s.File != want {
			t.Errorf("Parse(%q): Name %q, File %q; want x, %s", name, s.Name, s.File, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "x.txtar:1: no claim: the first line says what the scenario proves, after a #\n" +
			"x.txtar:1: it runs nothing: a scenario that proves nothing does not pass"},
		{"no claim", "let x 1\n", "x.txtar:1: no claim: the first line says what the scenario proves, after a #"},
		{"empty claim", "#  \nlet x 1\n", "x.txtar:1: no claim: the first line says what the scenario proves, after a #"},
		{"nothing runs", "# c\n\n# step\n", "x.txtar:1: it runs nothing: a scenario that proves nothing does not pass"},
		{"only a header", "# c\nlimit 1s\n", "x.txtar:1: it runs nothing: a scenario that proves nothing does not pass"},
		{"unknown verb", "# c\nsned udp 127.0.0.1:1 1\n", `x.txtar:2: unknown verb "sned": did you mean send?`},
		{"unlike any verb", "# c\nfrobnicate\n", `x.txtar:2: unknown verb "frobnicate"`},
		{"no space after !", "# c\n!let x 1\n", "x.txtar:2: write a space after the !: ! let"},
		{"! alone", "# c\n!\nlet x 1\n", "x.txtar:2: ! on a line by itself: write ! VERB"},
		{"open quote", "# c\nlet x 'a\nlet x 1\n", "x.txtar:2: quote ' is not closed"},
		{"too few arguments", "# c\nlet x\n", "x.txtar:2: usage: let VAR EXPR"},
		{"too many arguments", "# c\nin a b\n", "x.txtar:2: usage: in [NETNS][@CGROUP]"},
		{"poll of nothing", "# c\npoll 5s !\n", "x.txtar:2: usage: poll DURATION [stdout|stderr PATTERN --] [!] VERB…"},
		{"poll of a poll", "# c\npoll 5s poll 5s let x 1\n", "x.txtar:2: poll: it cannot wait for poll: want exec, exists FILE, or a verb of scenarios"},
		{"poll of an unknown verb", "# c\npoll 5s stdout a -- ! sned\n", "x.txtar:2: poll: it cannot wait for sned: want exec, exists FILE, or a verb of scenarios"},
		{"poll with too few arguments", "# c\npoll 5s counter lo\n", "x.txtar:2: usage: counter [NETNS/]IFACE STAT [OP N | -> VAR]"},
		{"skip", "# c\nskip 'not today'\n", "x.txtar:2: skip: a scenario does not skip itself: say what it needs, and see it refused in the unsupported part"},
		{"stop", "# c\nlet x 1\nstop\n", "x.txtar:3: stop: what follows would never run: remove it"},
		{"condition", "# c\n[linux] let x 1\n", "x.txtar:2: [linux]: no line is skipped on a condition: say what the scenario needs, or write two scenarios"},
		{"header after a verb", "# c\nlet x 1\nlimit 1s\n", "x.txtar:3: limit comes before all other verbs of the main part: it is read before anything runs"},
		{"negated header", "# c\n! limit 1s\nlet x 1\n", "x.txtar:2: ! limit: only what is done can fail"},
		{"two shapes", "# c\nshape a\nshape b\nlet x 1\n", "x.txtar:3: want one shape: shape NAME"},
		{"bad limit", "# c\nlimit soon\nlet x 1\n", `x.txtar:2: limit "soon": want a positive duration such as 90s`},
		{"negative limit", "# c\nlimit -1s\nlet x 1\n", `x.txtar:2: limit "-1s": want a positive duration such as 90s`},
		{"bring without a name", "# c\nbring package\nlet x 1\n", "x.txtar:2: want a kind and a name: bring KIND NAME [ARG…]"},
		{"needs nothing", "# c\nneeds\nlet x 1\n", "x.txtar:2: want at least one feature: needs FEATURE…"},
		{"unknown feature", "# c\nneeds ringbuff\nlet x 1\n-- unsupported --\n! let y 1\n", `x.txtar:2: unknown feature "ringbuff": did you mean ringbuf?
x.txtar:4: it would never run: the scenario needs nothing`},
		{"feature twice", "# c\nneeds ringbuf ringbuf\nlet x 1\n-- unsupported --\n! let y 1\n", "x.txtar:2: feature ringbuf is needed twice"},
		{"needs without a part", "# c\nneeds ringbuf\nlet x 1\n", `x.txtar:2: needs ringbuf, but nothing says what happens without it:
add a part  -- unsupported --  or  -- unsupported/ringbuf --  that sees it refused`},
		{"part for one of two", "# c\nneeds ringbuf\nneeds ipv6\nlet x 1\n-- unsupported/ipv6 --\n! let y 1\n", `x.txtar:2: needs ringbuf, but nothing says what happens without it:
add a part  -- unsupported --  or  -- unsupported/ringbuf --  that sees it refused`},
		{"part without need", "# c\nlet x 1\n-- unsupported --\n! let y 1\n", "x.txtar:3: it would never run: the scenario needs nothing"},
		{"part for another", "# c\nneeds ipv6\nlet x 1\n-- unsupported --\nlet y 1\n-- unsupported/ringbuf --\n! let y 1\n",
			"x.txtar:6: the scenario does not need ringbuf: needs ringbuf, or remove this part"},
		{"empty part", "# c\nneeds ipv6\nlet x 1\n-- unsupported --\n# nothing\n", "x.txtar:4: it runs nothing: it must see what is missing refused"},
		{"unknown verb in a part", "# c\nneeds ipv6\nlet x 1\n-- a --\nb\n-- unsupported --\n\nlett x 1\n", `x.txtar:8: unknown verb "lett": did you mean let?`},
		{"skip in a part", "# c\nneeds ipv6\nlet x 1\n-- unsupported --\nskip\n", "x.txtar:5: skip: a scenario does not skip itself: say what it needs, and see it refused in the unsupported part"},
		{"header in a part", "# c\nneeds ipv6\nlet x 1\n-- unsupported --\nlimit 1s\n", "x.txtar:5: limit comes before all other verbs of the main part: it is read before anything runs"},
		{"file without a name", "# c\nlet x 1\n-- --\n", "x.txtar:3: a file without a name: want -- NAME --"},
		{"file twice", "# c\nlet x 1\n-- a --\n-- b --\n-- ./a --\n", "x.txtar:5: file ./a is there twice"},
		{"file outside", "# c\nlet x 1\n-- ../a --\n", "x.txtar:3: file ../a lies outside the scenario's directory"},
		{"absolute file", "# c\nlet x 1\n-- /etc/a --\n", "x.txtar:3: file /etc/a lies outside the scenario's directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse("x", []byte(c.text))
			if err == nil {
				t.Fatalf("it was taken: %+v", s)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no scenarios to start from: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("# c\nneeds ipv6\nlet x '''\n-- unsupported/ipv6 --\n! poll 1s ! let x\n-- unsupported --\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x", []byte(text))
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if strings.TrimSpace(line) == "" {
					t.Errorf("error has an empty line: %q", err)
				}
			}
			return
		}
		if s.Claim == "" || len(s.main.commands) == 0 {
			t.Errorf("taken without a claim or a command: %+v", s)
		}
		// What runs is what was read: at the same lines, with the conditions that are ours.
		p := &player{runner: &runner{Scenario: s}, part: s.main}
		lines := strings.Split(string(p.instrumented()), "\n")
		for _, c := range s.main.commands {
			if _, command, ok := strings.Cut(lines[c.line-1], "] "); !ok || strings.TrimRight(command, "\r") != c.text {
				t.Errorf("line %d is played as %q, want %q", c.line, lines[c.line-1], c.text)
			}
		}
	})
}
