package verb

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	doc, err := lastDocument(`{"old": 1}` + "\n" + `{"a": {"b": [10, {"k": "v", "n": 18446744073709551615}, {"k": "w.x", "n": true}]}, "z": null}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{".a.b[0]", "10"},
		{".a.b[1].k", `"v"`},
		{".a.b[k=v].n", "18446744073709551615"},
		{".a.b[k=w.x].n", "true"},
		{".a.b[n=18446744073709551615].k", `"v"`},
		{".z", "null"},
		{"", `{"a":{"b":[10,{"k":"v","n":18446744073709551615},{"k":"w.x","n":true}]},"z":null}`},
	} {
		v, err := lookup(doc, c.path)
		if err != nil {
			t.Errorf("lookup %q: %v", c.path, err)
			continue
		}
		if got, _ := json.Marshal(v); string(got) != c.want {
			t.Errorf("lookup %q = %s, want %s", c.path, got, c.want)
		}
	}
	for _, c := range []struct{ path, want string }{
		{".old", "there is no .old"},
		{".a.b.c", "there is no object"},
		{".a[0]", "there is no array"},
		{".a.b[3]", "there is no [3] among 3 elements"},
		{".a.b[-1]", "there is no [-1]"},
		{".a.b[k=none]", "none of 3 elements has k=none"},
		{".a.b[0", "missing ]"},
		{"a", "want .key, [index] or [key=value]"},
	} {
		if v, err := lookup(doc, c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("lookup %q = %v, %v; want an error with %q", c.path, v, err, c.want)
		}
	}
	for _, bad := range []string{"", "  \n", "{", `{"a":1} x`} {
		if doc, err := lastDocument(bad); err == nil {
			t.Errorf("lastDocument(%q) = %v, want an error", bad, doc)
		}
	}
}

func TestOptions(t *testing.T) {
	o, rest, err := options([]string{"-n", "3", "-echo", "->", "-x"}, "-n N", "-echo")
	if err != nil || o["-n"] != "3" || !o.has("-echo") || strings.Join(rest, " ") != "-> -x" {
		t.Errorf("got %v, %q, %v; want -n 3 and -echo, and the rest from -> on", o, rest, err)
	}
	if n, err := o.number("-n", 1); n != 3 || err != nil {
		t.Errorf("number = %d, %v; want 3", n, err)
	}
	for _, args := range [][]string{{"-m"}, {"-n"}} {
		if o, rest, err := options(args, "-n N"); err == nil {
			t.Errorf("options(%q) = %v, %q; want an error", args, o, rest)
		}
	}
	for _, bad := range []string{"0", "-1", "x", "1.5"} {
		if n, err := (opts{"-n": bad}).number("-n", 1); err == nil {
			t.Errorf("number %q = %d, want an error", bad, n)
		}
		if d, err := (opts{"-n": bad}).duration("-n", 1); err == nil {
			t.Errorf("duration %q = %v, want an error", bad, d)
		}
	}
}
