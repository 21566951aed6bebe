package verb

import (
	"strconv"
	"strings"
	"time"
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

// duration returns the value of an option, a positive duration.
func (o opts) duration(name string, absent time.Duration) (time.Duration, error) {
	v, ok := o[name]
	if !ok {
		return absent, nil
	}
	return duration(v)
}

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usagef("%q: want a positive duration such as 5s", text)
	}
	return d, nil
}
