package scenario

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResultRoundTrip(t *testing.T) {
	for _, want := range []Result{
		{Verdict: Pass, Ran: 7},
		{Verdict: Unsupported, Reason: "lacks ringbuf: map type RingBuf: not supported", Has: []string{"ipv6"}, Lacks: []string{"ringbuf", "timer"}, Ran: 1},
		{Verdict: Fail, Reason: "x.txtar:3: check 1 == 2: 1 == 2 does not hold", Ran: 3},
	} {
		var b strings.Builder
		if err := want.write(&b); err != nil {
			t.Fatal(err)
		}
		got, err := ParseResult("some program's error: 5\n" + b.String())
		if err != nil {
			t.Fatalf("ParseResult(%q): %v", b.String(), err)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	}
}

func TestReasonIsOneLine(t *testing.T) {
	var b strings.Builder
	if err := (Result{Verdict: Fail, Reason: "one\nverdict: pass\nran: 9"}).write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ParseResult(b.String())
	if err != nil || got.Verdict != Fail || got.Reason != "one verdict: pass ran: 9" {
		t.Errorf("got %+v, %v; want the failure with its reason in one line", got, err)
	}
}

func TestParseResultRefuses(t *testing.T) {
	const whole = "verdict: pass\nreason: \nhas: \nlacks: \nran: 3\n"
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "there is none"},
		{"a panic", "panic: oh\n\ngoroutine 1 [running]:\nmain.main()\n", "there is none"},
		{"cut short", strings.TrimSuffix(whole, "ran: 3\n"), "there is none"},
		{"unknown verdict", strings.Replace(whole, "pass", "fine", 1), `unknown verdict "fine"`},
		{"no count", strings.Replace(whole, "3", "many", 1), `ran "many"`},
		{"negative count", strings.Replace(whole, "3", "-3", 1), `ran "-3"`},
		{"two records", whole + whole, "verdict is there twice"},
	} {
		if got, err := ParseResult(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v; want an error with %q", c.name, got, err, c.want)
		}
	}
}
