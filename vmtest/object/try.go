package object

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/object/internal/cause"
	"github.com/assay-lab/assay/vmtest/object/internal/load"
)

// A tryout has the programs of an object loaded.
type tryout struct {
	t      *Target
	object *object
}

// try is the case's Try: it says what came of each program.
func (c *tryout) try(ctx context.Context, t *vmtest.Template) map[string]*vmtest.Outcome {
	all := map[string]*vmtest.Outcome{}
	if err := c.object.unreadable; err != nil {
		return map[string]*vmtest.Outcome{unreadablePart: {Verdict: vmtest.NotRun, Reason: err.Error(), Detail: &Detail{object: c.object, cause: cause.Cause{Class: cause.NotAttempted}}}}
	}
	files, q, err := c.request(ctx, t.Image())
	if err != nil {
		for _, name := range c.object.programs() {
			all[name] = &vmtest.Outcome{Verdict: vmtest.Infra, Reason: err.Error()}
		}
		return all
	}
	for pending := c.object.programs(); len(pending) > 0 && ctx.Err() == nil; {
		b := c.run(ctx, t, files, q, pending)
		maps.Copy(all, b.told)
		pending = slices.DeleteFunc(pending, func(name string) bool { return all[name] != nil })
		for _, name := range b.again {
			one := c.run(ctx, t, files, q, []string{name})
			all[name] = one.of(name, b)
			pending = slices.DeleteFunc(pending, func(s string) bool { return s == name })
		}
	}
	for _, name := range c.object.programs() {
		if all[name] == nil {
			all[name] = &vmtest.Outcome{Verdict: vmtest.NotRun, Reason: "interrupted: " + context.Cause(ctx).Error()}
		}
	}
	return all
}

// A batch is programs that were loaded in one machine.
type batch struct {
	*vmtest.Outcome
	told map[string]*vmtest.Outcome
	// again are the programs to be tried alone: what came of the machine may
	// be due to any of them.
	again []string
	begun string // the program during whose load it ended
}

// limits of a batch on a real machine.
const (
	limitOfBatch   = 30 * time.Second
	limitOfProgram = 3 * time.Second
)

// run loads programs in one clone.
func (c *tryout) run(ctx context.Context, t *vmtest.Template, files []vmtest.File, q load.Request, programs []string) *batch {
	q.Programs = programs
	head, err := json.Marshal(q)
	if err != nil {
		return c.failed(programs, err)
	}
	stdin := []io.Reader{bytes.NewReader(append(head, '\n')), bytes.NewReader(c.object.data)}
	if c.t.against != nil {
		stdin = append(stdin, bytes.NewReader(c.t.against.data))
	}
	var stdout bytes.Buffer
	o := t.Run(ctx, vmtest.Task{
		Args: []string{vmtest.RolePath(Role)}, Env: env, Zygote: true, Stdin: io.MultiReader(stdin...), Stdout: &stdout,
		Files: files, Limit: limitOfBatch + time.Duration(len(programs))*limitOfProgram,
	})
	return c.read(o, stdout.Bytes(), programs, t)
}

// failed is a batch that could not be begun.
func (c *tryout) failed(programs []string, err error) *batch {
	b := &batch{Outcome: &vmtest.Outcome{Verdict: vmtest.Infra, Reason: err.Error()}, told: map[string]*vmtest.Outcome{}}
	for _, name := range programs {
		b.told[name] = b.Outcome
	}
	return b
}

// read makes outcomes of what a batch wrote.
func (c *tryout) read(o *vmtest.Outcome, stdout []byte, programs []string, t *vmtest.Template) *batch {
	b := &batch{Outcome: o, told: map[string]*vmtest.Outcome{}}
	results, trouble := b.lines(stdout)
	var micros int64
	for _, r := range results {
		micros += r.Micros
	}
	for _, r := range results {
		share := 1 / float64(len(results))
		if micros > 0 {
			share = float64(r.Micros) / float64(micros)
		}
		b.told[r.Program] = c.outcome(o, r, share, t.Image().Release)
	}
	switch {
	case o.Verdict == vmtest.Pass:
	case o.Verdict == vmtest.Splat && len(programs) > 1:
		b.again, b.told = programs, nil
	case o.Verdict == vmtest.Splat || o.Verdict == vmtest.NotRun:
		b.tellAll(programs, o)
	case b.begun != "" && len(programs) > 1:
		b.again = []string{b.begun}
	default:
		if trouble != "" {
			o.Verdict, o.Reason = vmtest.Infra, trouble
		}
		b.tellRest(programs, o)
	}
	return b
}

// lines reads the results that were written, which end where the machine did.
func (b *batch) lines(stdout []byte) (results []*load.Result, trouble string) {
	for line := range bytes.Lines(stdout) {
		var l load.Line
		if json.Unmarshal(line, &l) != nil {
			break // cut short
		}
		switch {
		case l.Error != "":
			trouble = l.Error
		case l.Begin != "":
			b.begun = l.Begin
		case l.Result != nil:
			results = append(results, l.Result)
			b.begun = ""
		}
	}
	return results, trouble
}

// tellRest says the same of all programs of which nothing came.
func (b *batch) tellRest(programs []string, o *vmtest.Outcome) {
	for _, name := range programs {
		if b.told[name] == nil {
			same := *o
			b.told[name] = &same
		}
	}
}

// tellAll says the same of all programs, keeping what was found out about each.
func (b *batch) tellAll(programs []string, o *vmtest.Outcome) {
	for _, name := range programs {
		same := *o
		if was := b.told[name]; was != nil {
			same.Detail = was.Detail
		}
		b.told[name] = &same
	}
}

// of is what came of a program that was tried alone after a batch. What only
// happens in company is told as it happened there.
func (b *batch) of(name string, company *batch) *vmtest.Outcome {
	alone := b.told[name]
	if alone == nil || alone.Verdict.Class() != vmtest.AsExpected || company.begun != name {
		return alone
	}
	o := *company.Outcome
	o.Reason += fmt.Sprintf(" (after other programs of the object; alone it is another matter: %s)", alone.Verdict)
	o.Detail = alone.Detail
	return &o
}
