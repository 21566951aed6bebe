package verb

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"
)

var waits = []Verb{
	{"poll", "DURATION [stdout|stderr PATTERN --] [!] VERB…", "Try a verb, exec or exists until it succeeds, and prints a match, or the time is up.", 2, -1, runPoll},
}

// stretch makes a duration meant for a real machine fit this one.
func (s *State) stretch(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.slowdown)
}

// An attempt is what poll repeats.
type attempt struct {
	stream  string // "stdout", "stderr" or "" for neither
	pattern *regexp.Regexp
	neg     bool
	words   []string
}

// pollPause is how long to wait before the next try: short, as most conditions hold
// soon, and growing, so as not to keep a slow machine from making them true.
const pollPause, pollPauseMost = 2 * time.Millisecond, 100 * time.Millisecond

func runPoll(s *State, args []string) error {
	limit, err := duration(args[0])
	if err != nil {
		return err
	}
	a, err := parseAttempt(args[1:])
	if err != nil {
		return err
	}
	deadline := time.Now().Add(s.stretch(limit))
	pause := pollPause
	for tries := 1; ; tries++ {
		err := s.try(a)
		var usage *UsageError
		if err == nil || errors.As(err, &usage) {
			return err
		}
		if time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("not within %v, in %d tries: %w", limit, tries, err)
		}
		time.Sleep(pause)
		pause = min(2*pause, pollPauseMost)
	}
}

// polled returns the verb that poll is to try, with its arguments.
func polled(args []string) []string {
	args = args[1:]
	if len(args) > 3 && (args[0] == "stdout" || args[0] == "stderr") && args[2] == "--" {
		args = args[3:]
	}
	if len(args) > 0 && args[0] == "!" {
		args = args[1:]
	}
	return args
}

// pollable tells whether poll can try a verb. Those of testscript cannot be called,
// so it knows two of them itself.
func pollable(name string) bool {
	switch {
	case name == "exec" || name == "exists":
		return true
	case name == "poll" || IsHeader(name):
		return false
	}
	return find(table, name) != nil
}

func parseAttempt(args []string) (a attempt, err error) {
	if args[0] == "stdout" || args[0] == "stderr" {
		if len(args) < 4 || args[2] != "--" {
			return a, usagef("want %s PATTERN -- VERB…", args[0])
		}
		a.stream = args[0]
		if a.pattern, err = regexp.Compile(`(?m)` + args[1]); err != nil {
			return a, usagef("%v", err)
		}
		args = args[3:]
	}
	if args[0] == "!" {
		a.neg, args = true, args[1:]
	}
	if len(args) == 0 {
		return a, usagef("want a verb to try")
	}
	a.words = args
	return a, nil
}

// try makes one attempt.
func (s *State) try(a attempt) error {
	err := s.attempt(a.words)
	var usage *UsageError
	switch {
	case errors.As(err, &usage):
		return err
	case err == nil && a.neg:
		return fmt.Errorf("%s: it succeeds, and should not", a.words[0])
	case a.neg:
		s.errs.WriteString(err.Error())
		err = nil
	}
	if err != nil || a.stream == "" {
		return err
	}
	text := s.out.String()
	if a.stream == "stderr" {
		text = s.errs.String()
	}
	if !a.pattern.MatchString(text) {
		return fmt.Errorf("no match for %q in %s: %q", a.pattern.String()[len(`(?m)`):], a.stream, tail(text))
	}
	return nil
}

// attempt runs a verb of ours, a program, or exists.
func (s *State) attempt(words []string) error {
	name, args := words[0], words[1:]
	switch {
	case !pollable(name) || len(args) == 0:
		return usagef("it cannot try %s", name)
	case name == "exec":
		err := s.script.Exec(args[0], args[1:]...)
		s.out.Reset()
		s.errs.Reset()
		s.out.WriteString(s.script.ReadFile("stdout"))
		s.errs.WriteString(s.script.ReadFile("stderr"))
		return err
	case name == "exists":
		_, err := os.Stat(s.script.MkAbs(args[0]))
		return err
	}
	return s.do(find(table, name), args)
}

// tail returns the end of a text that may be long.
func tail(text string) string {
	const most = 300
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}
