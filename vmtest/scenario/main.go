package scenario

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/guest"
	"github.com/assay-lab/assay/vmtest/scenario/internal/place"
)

// Updated is where Main leaves the scenario's file when expected outputs were to
// be brought up to date and some had changed.
const Updated = place.Dir + "/updated.txtar"

// Exit statuses of Main.
const (
	exitOK    = 0 // pass or unsupported
	exitFail  = 1
	exitUsage = 2
)

// Main runs a scenario, as root, on this kernel. The arguments are [-update] [-v]
// NAME, with what Parse is to call it; the scenario is read from stdin. To stdout
// goes the log: each step and command as it starts and, after a failure or with -v,
// what they printed. To stderr goes the record of the result, for [ParseResult].
// The status is 0 for a pass and for unsupported, 1 for a failure, and 2, without
// a record, if the arguments or the scenario are wrong.
//
// Main moves the process into a cgroup, and the calling thread into namespaces, of
// its own. It cleans up what outlives a process, unless inside a VM, where nothing
// does; but the thread stays where it is, so that the caller should exit.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r, err := prepare(args, stdin, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	result := r.run()
	if err := result.write(stderr); err != nil || result.Verdict == Fail {
		return exitFail
	}
	return exitOK
}

// spareNetns is how many network namespaces most scenarios want.
const spareNetns = 3

// prepared are places made ahead, or nil.
var prepared *place.World

// Prepare does ahead what Main begins with, which is most of what a short scenario
// costs: a program that is to run a scenario in each clone of a VM calls it before
// [guest.Park]. The calling goroutine stays on its thread, and all the program does
// from then on is done in the places of a scenario; it must come to Main on the same
// goroutine.
func Prepare() error {
	w, err := place.Enter()
	if err != nil {
		return err
	}
	prepared = w
	if err := w.Spare(spareNetns); err != nil {
		return err
	}
	runtime.GC() // so that none is due soon
	return nil
}

// places returns those made ahead, once, or new ones.
func places() (*place.World, error) {
	if w := prepared; w != nil {
		prepared = nil
		return w, nil
	}
	return place.Enter()
}

// runner is one run of a scenario.
type runner struct {
	*Scenario
	update, verbose bool
	stdout, stderr  io.Writer
	slowdown        float64
	result          Result
}

func prepare(args []string, stdin io.Reader, stdout, stderr io.Writer) (*runner, error) {
	r := &runner{stdout: stdout, stderr: stderr, slowdown: 1}
	flags := flag.NewFlagSet("scenario", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&r.update, "update", false, "bring expected outputs up to date")
	flags.BoolVar(&r.verbose, "v", false, "log what every command prints")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return nil, errors.New("usage: scenario [-update] [-v] NAME < FILE")
	}
	if v := os.Getenv(guest.EnvSlowdown); v != "" {
		factor, err := strconv.ParseFloat(v, 64)
		if err != nil || factor < 1 {
			return nil, fmt.Errorf("%s=%s: want a number of at least 1", guest.EnvSlowdown, v)
		}
		r.slowdown = factor
	}
	if r.update {
		_ = os.Remove(Updated) // an earlier run's
	}
	data, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	r.Scenario, err = Parse(flags.Arg(0), data)
	return r, err
}

// run probes what is needed, chooses the part, runs it and judges.
func (r *runner) run() Result {
	lacking, cause, err := r.probe()
	if err != nil {
		return r.fail(err)
	}
	script := r.main
	if cause != nil {
		var ok bool
		if script, ok = r.unsupported[lacking]; !ok {
			script = r.unsupported[""]
		}
	}
	w, err := places()
	if err != nil {
		return r.fail(fmt.Errorf("prepare: %w", err))
	}
	err = r.play(w, script)
	if !guest.Inside() {
		err = errors.Join(err, w.Leave())
	}
	switch {
	case err != nil:
		return r.fail(err)
	case r.result.Ran == 0:
		return r.fail(fmt.Errorf("%s: nothing ran", r.File))
	case cause != nil:
		r.result.Verdict, r.result.Reason = Unsupported, "lacks "+lacking+": "+cause.Error()
	default:
		r.result.Verdict = Pass
	}
	return r.result
}

func (r *runner) fail(err error) Result {
	r.result.Verdict, r.result.Reason = Fail, err.Error()
	return r.result
}

// probe returns the first needed feature that is absent, and how that was seen.
func (r *runner) probe() (lacking string, cause, err error) {
	for _, name := range r.Needs {
		f, _ := feature.Lookup(name) // Parse knows only such
		switch err := f.Probe(); {
		case err == nil:
			r.result.Has = append(r.result.Has, name)
		case !errors.Is(err, feature.ErrAbsent):
			return "", nil, fmt.Errorf("probe %s: %w", name, err)
		default:
			if cause == nil {
				lacking, cause = name, err
			}
			r.result.Lacks = append(r.result.Lacks, name)
		}
	}
	return lacking, cause, nil
}
