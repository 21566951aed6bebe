package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/report"
	"github.com/assay-lab/assay/ref/account/track"
)

// run accounts until interrupted, done, or left without cgroups, and detaches
// whatever happens.
func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	// A closed pipe too must not end the process before it has detached: writing
	// then returns an error.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)

	o.load.Ledger = true
	meter, err := account.Load(o.load)
	if err != nil {
		return withStatus(statusCouldNot, err)
	}
	defer func() { err = firstOf(err, meter.Close()) }()
	o.track.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	tracker, err := track.Start(meter, o.track)
	if err != nil {
		return withStatus(statusCouldNot, err)
	}
	defer func() { err = firstOf(err, tracker.Close()) }()

	w := &work{options: o, tracker: tracker, meter: meter, stdout: stdout, stderr: stderr}
	return w.run(ctx)
}

// firstOf returns err, or else what went wrong afterwards.
func firstOf(err, after error) error {
	if err != nil {
		return err
	}
	return withStatus(statusFell, after)
}

// work is one run of the command.
type work struct {
	options
	tracker        *track.Tracker
	meter          *account.Meter
	stdout, stderr io.Writer
	last           track.Snapshot
}

func (w *work) run(ctx context.Context) error {
	w.last = w.tracker.Snapshot()
	failed := make(chan error, 1)
	if w.listen != "" {
		stop, err := w.serve(failed)
		if err != nil {
			return withStatus(statusCouldNot, err)
		}
		defer stop()
	}
	w.announce()
	if w.json {
		if err := report.New(nil, w.last).Write(w.stdout); err != nil {
			return closedPipe(err)
		}
	}
	if w.readyFile != "" {
		if err := writeWhole(w.readyFile, fmt.Sprintln(os.Getpid())); err != nil {
			return withStatus(statusCouldNot, err)
		}
		defer os.Remove(w.readyFile)
	}
	return w.loop(ctx, failed)
}

// announce says on stderr that counting has begun, and how.
func (w *work) announce() {
	mode := w.meter.Mode()
	fmt.Fprintf(w.stderr, "assay account: counting %s, storage %s, attached by %s\n",
		plural(len(w.last.Cgroups), "cgroup"), mode.Storage, mode.Attach)
	if mode.Reason != "" {
		fmt.Fprintf(w.stderr, "assay account: %s\n", mode.Reason)
	}
	if n := w.meter.Stale(); n > 0 {
		fmt.Fprintf(w.stderr, "assay account: detached %s that a killed process had left\n", plural(n, "program"))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (w *work) loop(ctx context.Context, failed <-chan error) error {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for n := 1; ; n++ {
		var err error
		interrupted := false
		select {
		case <-ticker.C:
		case <-ctx.Done():
			interrupted = true
		case err = <-failed:
		}
		now := w.tracker.Snapshot()
		left := live(now)
		final := interrupted || err != nil || !left || n == w.count
		if werr := w.print(now, final); werr != nil {
			return closedPipe(werr)
		}
		switch {
		case err != nil:
			return withStatus(statusFell, err)
		case !left && !interrupted:
			return withStatus(statusFell, w.gone(now))
		case final:
			return nil
		}
	}
}

// lastWords is how long a removed cgroup's sockets may go on: mostly they say
// good-bye, but one that was handed to another process may stay for ever.
const lastWords = time.Second

// live tells whether a cgroup that was named is still there, or has sockets that
// are about to end.
func live(s track.Snapshot) bool {
	for _, c := range s.Cgroups {
		if !c.Root {
			continue
		}
		if c.State == track.Live || c.State == track.Draining && s.Time.Sub(c.Ended) < lastWords {
			return true
		}
	}
	return false
}

func (w *work) gone(s track.Snapshot) error {
	if len(w.track.Roots) == 1 {
		return fmt.Errorf("%w: %s\nits last figures are those printed above", account.ErrGone, w.track.Roots[0])
	}
	return fmt.Errorf("%w: %s\ntheir last figures are those printed above", account.ErrGone, strings.Join(w.track.Roots, ", "))
}

func (w *work) print(now track.Snapshot, final bool) error {
	before := w.last
	w.last = now
	switch {
	case w.quiet:
		return nil
	case w.json:
		d := report.New(&before, now)
		d.Final = final
		return d.Write(w.stdout)
	}
	return w.table.Write(w.stdout, before, now)
}

// closedPipe makes no error of a reader who has seen enough.
func closedPipe(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return withStatus(statusFell, fmt.Errorf("write account: %w", err))
}

// writeWhole makes a file appear with its content.
func writeWhole(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), fmt.Sprintf(".%s.%d-*", filepath.Base(path), os.Getpid()))
	if err != nil {
		return fmt.Errorf("create ready file: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write ready file: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("create ready file: %w", err)
	}
	return nil
}
