package verb

import (
	"strconv"
	"strings"
)

// opts are a verb's options: name with its dash, and value.
type opts map[string]string

// options takes leading options off args. Each known is "-name" or "-name VALUE".
func options(args []string, known ...string) (opts, []string, error) {
	o := opts{}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "->" {
		name := args[0]
		takes, ok := lookupOption(name, known)
		switch {
		case !ok:
			return nil, nil, usagef("unknown option %s: want %s", name, strings.Join(known, ", "))
		case takes && len(args) < 2:
			return nil, nil, usagef("option %s wants a value", name)
		case takes:
			o[name], args = args[1], args[2:]
		default:
			o[name], args = "", args[1:]
		}
	}
	return o, args, nil
}

func lookupOption(name string, known []string) (takesValue, ok bool) {
	for _, k := range known {
		n, _, takes := strings.Cut(k, " ")
		if n == name {
			return takes, true
		}
	}
	return false, false
}

func (o opts) has(name string) bool {
	_, ok := o[name]
	return ok
}

// number returns the value of an option, a positive whole number.
func (o opts) number(name string, absent int) (int, error) {
	v, ok := o[name]
	if !ok {
		return absent, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, usagef("option %s %s: want a positive number", name, v)
	}
	return n, nil
}
