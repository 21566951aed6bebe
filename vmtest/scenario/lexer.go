package scenario

import (
	"errors"
	"strings"
)

// words splits a line of a script as testscript does, but leaves variables as they
// are: what is to be known before the scenario runs does not depend on them.
func words(line string) ([]string, error) {
	var (
		all    []string
		word   strings.Builder
		inWord bool
		quoted bool
	)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\'' && quoted && strings.HasPrefix(line[i+1:], "'"):
			word.WriteByte(c) // '' within quotes is one quote
			i++
		case c == '\'':
			quoted, inWord = !quoted, true
		case quoted:
			word.WriteByte(c)
		case c == '#':
			i = len(line)
		case c == ' ' || c == '\t' || c == '\r':
			if inWord {
				all = append(all, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quoted {
		return nil, errors.New("quote ' is not closed")
	}
	if inWord {
		all = append(all, word.String())
	}
	return all, nil
}

// A command is a line of a script that does something.
type command struct {
	line    int    // in the file, from 1
	text    string // as it stands there
	negated bool
	words   []string // at least one, the verb
}

// commands splits a script whose first line is line first of the file.
func commands(script string, first int, report func(line int, format string, args ...any)) []command {
	var all []command
	n := first - 1
	for text := range strings.Lines(script) {
		n++
		text = strings.TrimRight(text, "\r\n")
		w, err := words(text)
		if err != nil {
			report(n, "%v", err)
			continue
		}
		c := command{line: n, text: text}
		if len(w) > 0 && w[0] == "!" {
			c.negated, w = true, w[1:]
			if len(w) == 0 {
				report(n, "! on a line by itself: write ! VERB")
				continue
			}
		}
		if len(w) > 0 {
			c.words = w
			all = append(all, c)
		}
	}
	return all
}
