package vmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"syscall"
	"time"

	"github.com/assay-lab/assay/kernels"
)

// A Task is something to run once in a pristine clone and to be judged.
type Task struct {
	// Args, Env, Dir and Stdin are those of the command (see Cmd).
	Args  []string
	Env   []string
	Dir   string
	Stdin io.Reader
	// Stdout and Stderr, if not nil, get the outputs as they come. The
	// Outcome has the end of both in any case.
	Stdout, Stderr io.Writer
	// Terminal runs it on a terminal of this size (see Cmd).
	Terminal *WindowSize
	// Running, if not nil, is given the command once it has started: to pass
	// signals on, or a terminal's new size. It must not block.
	Running func(*Cmd)
	// Zygote goes on as the template's parked process instead of starting one.
	Zygote bool
	// Files are brought in first.
	Files []File
	// Modules are kernel modules, of the kernel's own, to be brought in and
	// loaded first.
	Modules []string
	// Collect names files and directories of the guest whose contents are
	// to be brought out afterwards, if there.
	Collect []string
	// Fetch names files and directories whose changes the command has made are
	// to be brought out, unless the machine was lost.
	Fetch []Fetch
	// Limit is how long the command may take on a real machine; it is
	// stretched for a slower one. 0 is DefaultLimit, less is no limit.
	Limit time.Duration
	// Judge, if not nil, reads a verdict out of how the command ended. It is
	// not asked when the kernel has already said it. nil: status 0 is a pass.
	Judge func(*Outcome) (Verdict, string)
}

// A Fetch is a file or a directory of the guest, and where on the host its changes go
// (see [Machine.Fetch]).
type Fetch struct{ Guest, Host string }

// NoLimit lets a task take as long as it will.
const NoLimit = time.Duration(-1)

// DefaultLimit is how long a task may take on a real machine.
const DefaultLimit = 30 * time.Second

// keptOutput is how much of each output an Outcome keeps.
const keptOutput = 256 << 10

// An Outcome is what came of a task.
type Outcome struct {
	Verdict Verdict
	// Reason is the cause in one line; empty for a pass.
	Reason string
	// Excused are the reasons of kernel messages that the catalogue allows.
	Excused []string
	// Stdout and Stderr are the ends of the outputs.
	Stdout, Stderr string
	// State is how the command ended, nil if it did not.
	State *ProcessState
	// KernelLog is what the kernel logged meanwhile, as dmesg prints it.
	KernelLog string
	// Console is the end of what came over the serial line.
	Console string
	// Stacks is what the tasks were doing when the limit was reached.
	Stacks string
	// Files are those collected, by their names in the guest.
	Files map[string][]byte
	// Duration is the time from asking for the clone to its end.
	Duration time.Duration
	// CPU is what it cost the host.
	CPU time.Duration
	// Detail is what the case itself has found out, for those who know it.
	Detail any
}

// Run runs the task in a clone of the template. It always returns an Outcome: that
// the lab itself failed is one too.
func (t *Template) Run(ctx context.Context, task Task) *Outcome {
	start := time.Now()
	o := &Outcome{}
	m, err := t.Clone(ctx)
	if err != nil {
		o.Verdict, o.Reason = judgeBoot(ctx, err)
		o.Console = consoleOf(err)
		o.Duration = time.Since(start)
		return o
	}
	r := &running{task: task, m: m, o: o}
	r.run(ctx)
	m.Close()
	o.Console = m.Console()
	if o.Verdict == "" {
		o.Verdict, o.Reason = r.judge()
	}
	o.Duration, o.CPU = time.Since(start), m.CPUTime()
	return o
}

func judgeBoot(ctx context.Context, err error) (Verdict, string) {
	if ctx.Err() != nil {
		return NotRun, interrupted(ctx)
	}
	var failed *BootError
	if errors.As(err, &failed) {
		if cause, ok := panicCause(failed.Console); ok {
			return Panic, "at boot: " + cause
		}
	}
	return Infra, err.Error()
}

func interrupted(ctx context.Context) string { return "interrupted: " + context.Cause(ctx).Error() }

func consoleOf(err error) string {
	var failed *BootError
	if errors.As(err, &failed) {
		return failed.Console
	}
	return ""
}

// running is a task while it runs.
type running struct {
	task Task
	m    *Machine
	o    *Outcome
	err  error  // of the command
	hung bool   // the limit was reached
	log  string // records of /dev/kmsg
}

// limit returns 0 if there is none.
func (r *running) limit() time.Duration {
	if r.task.Limit < 0 {
		return 0
	}
	if r.task.Limit > 0 {
		return r.m.accel.Scale(r.task.Limit)
	}
	return r.m.accel.Scale(DefaultLimit)
}

func (r *running) run(ctx context.Context) {
	c, out, err := r.prepare(ctx)
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.err = err
		if !errors.Is(err, ErrGuestGone) {
			r.o.Verdict, r.o.Reason = Infra, err.Error()
		}
		return
	}
	if r.task.Running != nil {
		r.task.Running(c)
	}
	r.wait(ctx, c)
	out.keep(r.o)
	r.o.State = c.ProcessState
	if r.o.Verdict == "" && !r.hung {
		r.log = c.log
		r.gather(ctx, c.logWhole)
	}
}

// prepare brings the files in and makes the command.
func (r *running) prepare(ctx context.Context) (*Cmd, *outputs, error) {
	if len(r.task.Files) > 0 {
		if err := r.m.Put(ctx, r.task.Files...); err != nil {
			return nil, nil, err
		}
	}
	if err := r.m.LoadModules(ctx, r.task.Modules...); err != nil {
		return nil, nil, err
	}
	c := r.m.Command(ctx, r.task.Args[0], r.task.Args[1:]...)
	if r.task.Zygote {
		if c = r.m.Zygote(ctx, r.task.Args...); c == nil {
			return nil, nil, errors.New("no process is parked in this template")
		}
	}
	out := newOutputs(r.task)
	c.Env, c.Dir, c.Stdin, c.Stdout, c.Stderr = r.task.Env, r.task.Dir, r.task.Stdin, out.stdout, out.stderr
	c.Terminal = r.task.Terminal
	return c, out, nil
}

// wait waits for the command's end, or for its limit.
func (r *running) wait(ctx context.Context, c *Cmd) {
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var over <-chan time.Time // never, without a limit
	if limit := r.limit(); limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case r.err = <-ended:
	case <-ctx.Done():
		r.o.Verdict, r.o.Reason = NotRun, interrupted(ctx)
		r.m.Close()
		<-ended
	case <-over:
		r.hung = true
		r.examine(c)
		r.giveUp(ctx, ended)
	}
}

// giveUp ends the machine of a command that did not end, after a moment for what
// it may still print about itself.
func (r *running) giveUp(ctx context.Context, ended <-chan error) {
	var over bool
	select {
	case r.err = <-ended:
		over = true
	case <-time.After(r.m.accel.Scale(500 * time.Millisecond)):
	}
	r.gather(ctx, false)
	r.m.Close()
	if !over {
		r.err = <-ended
	}
}

// examine finds out what a command that does not end is doing: from its own
// runtime, from the agent, and, if that does not answer, from the kernel by an NMI.
func (r *running) examine(c *Cmd) {
	ctx, cancel := context.WithTimeout(context.Background(), r.m.accel.Scale(stacksLimit))
	defer cancel()
	stacks, err := r.m.Stacks(ctx)
	r.o.Stacks = stacks
	if err == nil {
		// Last, as it may be what ends the command: a Go program prints its goroutines.
		_ = c.Signal(syscall.SIGQUIT)
		return
	}
	_ = r.m.proc.monitor.do("inject-nmi", nil)
	select {
	case <-r.m.gone: // the kernel has panicked on it, with its stack on the console
	case <-time.After(r.m.accel.Scale(time.Second)):
	}
}

// gather asks the machine for what it knows, if it still answers.
func (r *running) gather(ctx context.Context, haveLog bool) {
	ctx, cancel := context.WithTimeout(ctx, r.m.accel.Scale(stacksLimit))
	defer cancel()
	var err error
	if !haveLog {
		var more string
		more, err = r.m.KernelLog(ctx)
		r.log += more
	}
	r.log = withoutMark(r.log)
	r.o.KernelLog = FormatKernelLog(r.log)
	if err != nil {
		return
	}
	r.o.Files = map[string][]byte{}
	for _, name := range r.task.Collect {
		files, _ := r.m.ReadTree(ctx, name) // what is not there was not made
		maps.Copy(r.o.Files, files)
	}
	r.fetch(ctx)
}

// fetch brings out what the command has changed.
func (r *running) fetch(ctx context.Context) {
	if r.o.State == nil || r.hung {
		return
	}
	ctx = context.WithoutCancel(ctx) // it is asked for: however long it takes
	for _, f := range r.task.Fetch {
		err := r.m.Fetch(ctx, f.Guest, f.Host, r.o.State.Started)
		if err != nil && !isNotThere(err) { // what is not there was not made
			r.o.Verdict, r.o.Reason = Infra, fmt.Sprintf("bring %s out of the guest: %v", f.Guest, err)
			return
		}
	}
}

// judge says what came of it. The kernel's word goes before the test's.
func (r *running) judge() (Verdict, string) {
	if v, why := r.judgeKernel(); v != "" {
		return v, why
	}
	state := r.o.State
	switch {
	case r.hung:
		return Hang, r.hangReason()
	case state != nil && state.OOMKills > 0:
		return OOM, fmt.Sprintf("the out-of-memory killer took %d of its processes", state.OOMKills)
	case payloadOOM(r.log) != "":
		return OOM, payloadOOM(r.log)
	case state == nil && r.err != nil:
		return Infra, r.err.Error()
	case r.task.Judge != nil:
		return r.task.Judge(r.o)
	case r.err != nil:
		return Fail, r.err.Error()
	}
	return Pass, ""
}

// judgeKernel returns "" if the kernel has nothing to say.
func (r *running) judgeKernel() (Verdict, string) {
	if r.hung && !r.answers() {
		return Hang, r.hangReason()
	}
	if !r.hung && errors.Is(r.err, ErrGuestGone) {
		return r.judgeGone()
	}
	var allowed []kernels.Splat
	if e, ok := kernels.Series(r.m.image.Series); ok {
		allowed = e.Splats
	}
	found, excused := findSplat(r.log, allowed)
	r.o.Excused = excused
	if found == nil {
		return "", ""
	}
	if r.hung {
		return Splat, found.line + "; then it did not end"
	}
	return Splat, found.line
}

// answers tells whether the machine still gave its kernel log after the limit.
func (r *running) answers() bool { return r.o.Stacks != "" }

func (r *running) hangReason() string {
	why := fmt.Sprintf("no end within %v", r.limit())
	if n := strings.TrimSpace(lastLine(r.o.Stacks)); n != "" {
		why += ", at which there were " + n
	}
	if !r.answers() {
		why += ", and the guest no longer answers"
		if cause, ok := panicCause(r.m.Console()); ok {
			why += "; on an NMI it says: " + cause
		}
	}
	return why
}

// judgeGone reads from the console why the machine ended.
func (r *running) judgeGone() (Verdict, string) {
	console := r.m.Console()
	cause, panicked := panicCause(console)
	switch {
	case panicked && isInitKilled(cause):
		return Lost, "the agent ended: " + cause
	case panicked && isDeadlockedOnMemory(cause):
		return OOM, cause
	case panicked:
		return Panic, cause
	}
	if said := agentsLastWords(console); said != "" {
		return Lost, said
	}
	if said := firstLine(r.m.proc.stderr.String()); said != "" {
		return Infra, "qemu ended: " + said
	}
	return Lost, "the machine ended by itself"
}
