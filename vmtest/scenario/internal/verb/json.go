package verb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

var documents = []Verb{
	{"json", "FILE PATH [OP VALUE | -> VAR]", "Print what is at a path such as .list[0].name or .list[name=a].bytes of a JSON file, or of stdout; of lines of JSON, in the last.", 2, -1, runJSON},
}

func runJSON(s *State, args []string) error {
	doc, err := lastDocument(s.script.ReadFile(args[0]))
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	v, err := lookup(doc, args[1])
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if n, ok := v.(json.Number); ok {
		if whole, ok := new(big.Int).SetString(n.String(), 10); ok {
			return s.number(whole, args[2:])
		}
	}
	text, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		text = string(b)
	}
	return s.text(text, args[2:])
}

// lastDocument decodes the last of the JSON documents in a text.
func lastDocument(text string) (doc any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for n := 0; ; n++ {
		var next any
		switch err := d.Decode(&next); {
		case errors.Is(err, io.EOF) && n > 0:
			return doc, nil
		case err != nil:
			return nil, err
		}
		doc = next
	}
}

// text prints a string and, if args say so, compares it or sets a variable.
func (s *State) text(v string, args []string) error {
	fmt.Fprintln(&s.out, v)
	switch {
	case len(args) == 0:
		return nil
	case len(args) != 2:
		return usagef("want OP VALUE or -> VAR")
	case args[0] == "->" && isName(args[1]):
		s.script.Setenv(args[1], v)
		return nil
	case args[0] != "==" && args[0] != "!=":
		return usagef("%q is no number: it can be compared with == and != only", v)
	case (v == args[1]) != (args[0] == "=="):
		return fmt.Errorf("%q %s %q does not hold", v, args[0], args[1])
	}
	return nil
}

// lookup follows a path: .key, [index], or [key=value] for the first element of an
// array in which that holds.
func lookup(doc any, path string) (any, error) {
	for rest := path; rest != ""; {
		var step string
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			step, rest = rest[1:1+end], rest[1+end:]
			if step == "" {
				continue
			}
			object, ok := doc.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("at .%s of %s: there is no object", step, path)
			}
			if doc, ok = object[step]; !ok {
				return nil, fmt.Errorf("there is no .%s at its place in %s", step, path)
			}
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, usagef("path %s: missing ]", path)
			}
			step, rest = rest[1:end], rest[end+1:]
			var err error
			if doc, err = element(doc, step); err != nil {
				return nil, fmt.Errorf("%w in %s", err, path)
			}
		default:
			return nil, usagef("path %s: want .key, [index] or [key=value], not %q", path, rest)
		}
	}
	return doc, nil
}

func element(doc any, step string) (any, error) {
	array, ok := doc.([]any)
	if !ok {
		return nil, fmt.Errorf("at [%s]: there is no array", step)
	}
	key, want, byValue := strings.Cut(step, "=")
	if !byValue {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(array) {
			return nil, fmt.Errorf("there is no [%s] among %d elements", step, len(array))
		}
		return array[i], nil
	}
	for _, e := range array {
		if object, ok := e.(map[string]any); ok && fmt.Sprint(object[key]) == want {
			return e, nil
		}
	}
	return nil, fmt.Errorf("none of %d elements has %s", len(array), step)
}
