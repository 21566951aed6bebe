package arith

import (
	"strings"
	"testing"
)

func TestEval(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0", "0"},
		{"1+2*3", "7"},
		{"(1 + 2) * 3", "9"},
		{"7 - 2 - 1", "4"},
		{"-3 + 5", "2"},
		{"2*-3", "-6"},
		{"--4", "4"},
		{"7/2", "3"},
		{"-7/2", "-3"},
		{"-7%2", "-1"},
		{"100*7/8%10", "7"},
		{"0xff", "255"},
		{"18446744073709551615 + 1", "18446744073709551616"},
		{"((((5))))", "5"},
	} {
		got, err := Eval(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("Eval(%q) = %v, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "a number is missing"},
		{"1 +", "a number is missing"},
		{"+ 1", "a number is missing"},
		{"1 2", `unexpected "2"`},
		{"(1", "missing )"},
		{"1)", `unexpected ")"`},
		{"x", `"x" is no whole number`},
		{"1.5", `"1.5" is no whole number`},
		{"1/0", "division by zero"},
		{"1%(2-2)", "division by zero"},
		{"0x", `"0x" is no whole number`},
	} {
		got, err := Eval(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Eval(%q) = %v, %v; want an error with %q", c.in, got, err, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	truth := map[string][3]bool{ // for 1 and 2, 2 and 2, 3 and 2
		"==": {false, true, false},
		"!=": {true, false, true},
		"<":  {true, false, false},
		"<=": {true, true, false},
		">":  {false, false, true},
		">=": {false, true, true},
	}
	for _, op := range Operators {
		for i, want := range truth[op] {
			a, _ := Eval(string(rune('1' + i)))
			b, _ := Eval("2")
			if got, err := Compare(a, op, b); err != nil || got != want {
				t.Errorf("%v %s %v: got %v, %v; want %v", a, op, b, got, err, want)
			}
		}
	}
	one, _ := Eval("1")
	if _, err := Compare(one, "=", one); err == nil {
		t.Error(`comparison "=" was accepted`)
	}
}
