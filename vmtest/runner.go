package vmtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/kernels"
)

// A Case is one thing to be tried on every kernel.
type Case struct {
	// Target names what the case belongs to: a suite, an object, a package.
	Target string
	// Name tells the case from the others of its target.
	Name string
	// Shape is the machine it wants.
	Shape Shape
	// Task makes what runs on a kernel.
	Task func(image *kernels.Image) Task
	// Files, if not nil, returns what the case's machines carry besides the
	// payload: a module built for the kernel, a program of some package. Cases
	// with equal files share a template.
	Files func(ctx context.Context, image *kernels.Image) ([]File, error)
	// Check, if not nil, sees each outcome: it may judge again by what only
	// the host knows, and keep what came back.
	Check func(image *kernels.Image, o *Outcome)
	// Payload, if not nil, is what the case's machines carry instead of the
	// runner's.
	Payload *Payload
	// Parts are the names of what the case tries together, each a cell of its
	// own; Try, and not Task and Check, then says what came of them.
	Parts []string
	// Try tries the parts in as many clones of the template as it takes, one
	// at a time, and returns what came of each by its name.
	Try func(ctx context.Context, t *Template) map[string]*Outcome
}

// A Cell is what came of a case on a kernel.
type Cell struct {
	Target, Case string
	// Kernel is the name it was asked for by, Release what uname -r prints.
	Kernel, Release string
	*Outcome
}

// A Runner runs cases on kernels: it fetches the kernels, makes the templates, and
// keeps the machines that run at once within the host's means. Its methods are
// safe for concurrent use.
type Runner struct {
	lab     *Lab
	kernels *kernels.Store
	payload Payload
	options kernels.GetOptions
	slots   *semaphore.Weighted

	mu        sync.Mutex
	images    map[string]*once[*kernels.Image]
	templates map[templateKey]*once[*Template]
}

type templateKey struct {
	digest  string
	shape   Shape
	files   string
	payload *Payload // nil for the runner's
}

// once is a value that is made by the first who asks.
type once[T any] struct {
	sync.Once
	value T
	err   error
}

// NewRunner makes a runner whose machines carry the payload.
func NewRunner(lab *Lab, store *kernels.Store, options kernels.GetOptions, payload Payload) *Runner {
	return &Runner{
		lab: lab, kernels: store, payload: payload, options: options,
		slots:     semaphore.NewWeighted(int64(Slots())),
		images:    map[string]*once[*kernels.Image]{},
		templates: map[templateKey]*once[*Template]{},
	}
}

// Know makes a kernel that was asked for already, or why it cannot be had, known to
// the runner, which then does not ask again.
func (r *Runner) Know(name string, image *kernels.Image, err error) {
	o := &once[*kernels.Image]{value: image, err: err}
	o.Do(func() {})
	r.mu.Lock()
	r.images[name] = o
	r.mu.Unlock()
}

// perMachine is what a clone takes of the host's memory: some 50 MB, and room for
// what the payload does.
const perMachine = 160 << 20

// Slots returns how many one-CPU machines run at once on this host: under TCG a
// machine more than there are processors only makes all of them slower.
func Slots() int {
	var si unix.Sysinfo_t
	if err := unix.Sysinfo(&si); err != nil {
		return 1
	}
	free := (si.Freeram + si.Bufferram) * uint64(si.Unit)
	return max(1, min(runtime.NumCPU(), int(free/perMachine)))
}

// Image returns a kernel, ready to boot, fetching it if need be.
func (r *Runner) Image(ctx context.Context, name string) (*kernels.Image, error) {
	r.mu.Lock()
	o := r.images[name]
	if o == nil {
		o = &once[*kernels.Image]{}
		r.images[name] = o
	}
	r.mu.Unlock()
	o.Do(func() { o.value, o.err = r.kernels.Get(ctx, name, r.options) })
	return o.value, o.err
}

// Template returns the template for a kernel in a shape, with the payload and with
// further files.
func (r *Runner) Template(ctx context.Context, image *kernels.Image, shape Shape, files []File) (*Template, error) {
	return r.template(ctx, image, shape, files, nil)
}

// template is Template with another payload than the runner's, if it is not nil.
func (r *Runner) template(ctx context.Context, image *kernels.Image, shape Shape, files []File, p *Payload) (*Template, error) {
	key := templateKey{image.Digest, shape.filled(), filesKey(files), p}
	r.mu.Lock()
	o := r.templates[key]
	if o == nil {
		o = &once[*Template]{}
		r.templates[key] = o
	}
	r.mu.Unlock()
	o.Do(func() { o.value, o.err = r.makeTemplate(ctx, image, shape, files, p) })
	return o.value, o.err
}

func (r *Runner) makeTemplate(ctx context.Context, image *kernels.Image, shape Shape, files []File, p *Payload) (*Template, error) {
	if len(files) > 0 {
		t, err := r.template(ctx, image, shape, nil, p)
		if err != nil {
			return nil, err
		}
		return t.With(ctx, Payload{Files: files})
	}
	base, err := r.lab.Template(ctx, image, shape)
	if err != nil {
		return nil, err
	}
	if p == nil {
		p = &r.payload
	}
	return base.With(ctx, *p)
}

// filesKey tells sets of files apart within one run, where files do not change.
func filesKey(files []File) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %v %q %q %x\n", f.Path, f.Mode, f.Source, f.Link, sha256.Sum256(f.Data))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Run runs one case on one kernel, when there is room for its machine. Of a case of
// several parts it returns the first that is not as expected, or the first.
func (r *Runner) Run(ctx context.Context, kernel string, c Case) Cell {
	cells := r.RunParts(ctx, kernel, c)
	for _, cell := range cells {
		if cell.Verdict.Class() != AsExpected {
			return cell
		}
	}
	return cells[0]
}

// weight is how many of the host's processors a machine keeps busy: under TCG its
// CPUs take turns on one, unless it was asked for otherwise.
func (r *Runner) weight(ctx context.Context, image *kernels.Image, shape Shape) int64 {
	if accel, err := r.lab.accelFor(ctx, image); err == nil && accel == TCG && !shape.Parallel {
		return 1
	}
	return int64(min(shape.filled().CPUs, Slots()))
}

// judgeImage tells a kernel that cannot be had here from the lab's own trouble.
func judgeImage(err error) (Verdict, string) {
	var missing *kernels.NotAvailableError
	if errors.As(err, &missing) {
		return NotRun, err.Error()
	}
	return Infra, err.Error()
}

func (r *Runner) run(ctx context.Context, image *kernels.Image, c Case) *Outcome {
	start := time.Now()
	t, err := r.templateFor(ctx, image, c)
	if err != nil {
		return noTemplate(ctx, err, start)
	}
	o := t.Run(ctx, c.Task(image))
	if c.Check != nil && o.Verdict != NotRun {
		c.Check(image, o)
	}
	return o
}

// noTemplate is what comes of a case for which there is no machine.
func noTemplate(ctx context.Context, err error, start time.Time) *Outcome {
	o := &Outcome{Console: consoleOf(err), Duration: time.Since(start)}
	o.Verdict, o.Reason = judgeBoot(ctx, err)
	return o
}

func (r *Runner) templateFor(ctx context.Context, image *kernels.Image, c Case) (*Template, error) {
	var files []File
	if c.Files != nil {
		var err error
		if files, err = c.Files(ctx, image); err != nil {
			return nil, err
		}
	}
	return r.template(ctx, image, c.Shape, files, c.Payload)
}

// Plan lists the cells of cases on kernels, kernels varying fastest: so the first
// workers make the templates of several kernels instead of waiting for one.
func Plan(names []string, cases []Case) (plan []Planned) {
	for _, c := range cases {
		for _, k := range names {
			plan = append(plan, Planned{k, c})
		}
	}
	return plan
}

// A Planned cell is one to be run.
type Planned struct {
	Kernel string
	Case   Case
}

// RunAll runs a plan. It tells of every case when it begins and of every cell when
// it has ended, one at a time.
func (r *Runner) RunAll(ctx context.Context, plan []Planned, begin func(Planned), done func(Planned, Cell)) {
	var wg sync.WaitGroup
	var telling sync.Mutex
	next := make(chan Planned)
	for range Slots() {
		wg.Go(func() {
			for p := range next {
				telling.Lock()
				begin(p)
				telling.Unlock()
				cells := r.RunParts(ctx, p.Kernel, p.Case)
				telling.Lock()
				for _, cell := range cells {
					done(p, cell)
				}
				telling.Unlock()
			}
		})
	}
	for _, p := range plan {
		next <- p
	}
	close(next)
	wg.Wait()
}

// ErrNothingToRun is a run without a single case: it proves nothing, and so it is
// no success.
var ErrNothingToRun = errors.New("no tests to run")
