package verb

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"regexp"

	"github.com/assay-lab/assay/vmtest/scenario/internal/frame"
)

var captures = []Verb{
	{"capture", "NAME [NETNS/]IFACE", "From here on keep what comes and goes on an interface.", 2, 2, runCapture},
	{"captured", "[-hex] NAME [PATTERN [OP N | -> VAR]]", "Print the frames so far, or those that match, a line each; expect at least one, or as many as said.", 1, -1, runCaptured},
	{"inject", "[-n N] [NETNS/]IFACE FILE", "Send a frame, in hexadecimal in a file, from its hardware addresses on.", 2, -1, runInject},
}

func runCapture(s *State, args []string) error {
	if s.captures[args[0]] != nil {
		return usagef("there is a capture %s already", args[0])
	}
	return s.atIface(args[1], func(iface string) error {
		c, err := frame.Start(iface)
		if err == nil {
			s.captures[args[0]] = c
		}
		return err
	})
}

func runCaptured(s *State, args []string) error {
	o, args, err := options(args, "-hex")
	if err != nil {
		return err
	}
	if len(args) == 0 || s.captures[args[0]] == nil {
		return usagef("want the name of a capture; start one with capture NAME IFACE")
	}
	pattern, err := regexp.Compile("")
	if len(args) > 1 {
		pattern, err = regexp.Compile(args[1])
	}
	if err != nil {
		return usagef("%v", err)
	}
	frames, err := s.captures[args[0]].Frames()
	if err != nil {
		return err
	}
	count := 0
	for _, f := range frames {
		line := frame.Describe(f)
		if !pattern.MatchString(line) {
			continue
		}
		count++
		fmt.Fprintln(&s.out, line)
		if o.has("-hex") {
			s.out.WriteString(frame.Dump(f))
		}
	}
	if len(args) > 2 {
		return s.judge(big.NewInt(int64(count)), args[2:])
	}
	if count == 0 {
		return s.unmatched(frames)
	}
	return nil
}

// unmatched tells what was captured instead.
func (s *State) unmatched(frames []frame.Frame) error {
	const most = 30
	for _, f := range frames[max(0, len(frames)-most):] {
		fmt.Fprintln(&s.errs, frame.Describe(f))
	}
	if len(frames) == 0 {
		return errors.New("there was no frame at all")
	}
	return fmt.Errorf("none of %d frames matches; the last is: %s", len(frames), frame.Describe(frames[len(frames)-1]))
}

func runInject(s *State, args []string) error {
	o, args, err := options(args, "-n N")
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return usagef("want [NETNS/]IFACE FILE")
	}
	count, err := o.number("-n", 1)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(s.script.MkAbs(args[1]))
	if err != nil {
		return err
	}
	data, err := frame.ParseHex(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	return s.atIface(args[0], func(iface string) error {
		for range count {
			if err := frame.Inject(iface, data); err != nil {
				return err
			}
		}
		return nil
	})
}
