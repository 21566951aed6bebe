package scenario

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/assay-lab/assay/vmtest/feature"
	"github.com/assay-lab/assay/vmtest/scenario/internal/verb"
)

// parser gathers a scenario and what is wrong with it.
type parser struct {
	*Scenario
	faults    []*Error
	needsLine int // where it first says what it needs
}

func (p *parser) report(line int, format string, args ...any) {
	p.faults = append(p.faults, &Error{p.File, line, fmt.Sprintf(format, args...)})
}

func (p *parser) sortedFaults() []error {
	slices.SortStableFunc(p.faults, func(a, b *Error) int { return a.Line - b.Line })
	errs := make([]error, len(p.faults))
	for i, f := range p.faults {
		errs[i] = f
	}
	return errs
}

// checkMarkers refuses the one line that the library, v1.16.0, panics at.
func (p *parser) checkMarkers() {
	n := 0
	for line := range bytes.Lines(p.Data) {
		n++
		if string(bytes.TrimRight(line, "\r\n")) == "-- --" {
			p.report(n, "a file without a name: want -- NAME --")
		}
	}
}

func (p *parser) parse() {
	p.parseClaim()
	p.main = p.parsePart(string(p.archive.Comment), 1)
	body := p.parseHeader(p.main.commands)
	if len(body) == 0 {
		p.report(1, "it runs nothing: a scenario that proves nothing does not pass")
	}
	p.checkCommands(body)
	p.parseFiles()
	p.checkNeeds()
}

// parseClaim takes the claim from the first line.
func (p *parser) parseClaim() {
	line, _, _ := strings.Cut(string(p.archive.Comment), "\n")
	claim, ok := strings.CutPrefix(line, "#")
	p.Claim = strings.TrimSpace(claim)
	if !ok || p.Claim == "" {
		p.report(1, "no claim: the first line says what the scenario proves, after a #")
	}
}

func (p *parser) parsePart(text string, first int) part {
	return part{text, first, commands(text, first, p.report)}
}

// parseHeader reads the verbs that a scenario starts with and returns the rest.
func (p *parser) parseHeader(all []command) (body []command) {
	for i, c := range all {
		if !verb.IsHeader(c.words[0]) {
			return all[i:]
		}
		if c.negated {
			p.report(c.line, "! %s: only what is done can fail", c.words[0])
			continue
		}
		if err := p.header(c); err != nil {
			p.report(c.line, "%v", err)
		}
	}
	return nil
}

func (p *parser) header(c command) error {
	args := c.words[1:]
	switch c.words[0] {
	case "needs":
		return p.headerNeeds(c.line, args)
	case "shape":
		if len(args) != 1 || p.Shape != "" {
			return fmt.Errorf("want one shape: shape NAME")
		}
		p.Shape = args[0]
	case "limit":
		if len(args) != 1 || p.Limit != 0 {
			return fmt.Errorf("want one limit: limit DURATION")
		}
		d, err := time.ParseDuration(args[0])
		if err != nil || d <= 0 {
			return fmt.Errorf("limit %q: want a positive duration such as 90s", args[0])
		}
		p.Limit = d
	case "bring":
		if len(args) < 2 {
			return fmt.Errorf("want a kind and a name: bring KIND NAME [ARG…]")
		}
		p.Brings = append(p.Brings, Bring{Kind: args[0], Args: args[1:], Line: c.line})
	}
	return nil
}

func (p *parser) headerNeeds(line int, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want at least one feature: needs FEATURE…")
	}
	if p.needsLine == 0 {
		p.needsLine = line
	}
	for _, name := range args {
		if _, ok := feature.Lookup(name); !ok {
			p.report(line, "unknown feature %q%s", name, nearest(name, feature.Names()))
		} else if slices.Contains(p.Needs, name) {
			p.report(line, "feature %s is needed twice", name)
		} else {
			p.Needs = append(p.Needs, name)
		}
	}
	return nil
}

// checkCommands refuses what could not run.
func (p *parser) checkCommands(all []command) {
	for _, c := range all {
		name := c.words[0]
		switch why, refused := verb.Refused(name); {
		case refused:
			p.report(c.line, "%s", why)
		case verb.IsHeader(name):
			p.report(c.line, "%s comes before all other verbs of the main part: it is read before anything runs", name)
		case strings.HasPrefix(name, "!"):
			p.report(c.line, "write a space after the !: ! %s", name[1:])
		case !verb.Known(name):
			p.report(c.line, "unknown verb %q%s", name, nearest(name, verb.Names()))
		default:
			p.checkUsage(c)
		}
	}
}

// checkUsage refuses what a verb will refuse whatever the variables are: these do
// not change the number of its arguments.
func (p *parser) checkUsage(c command) {
	if err := verb.CheckUsage(c.words[0], c.words[1:]); err != nil {
		p.report(c.line, "%v", err)
	}
}

// parseFiles checks the files and takes the unsupported parts from them.
func (p *parser) parseFiles() {
	lines := fileLines(p.archive)
	seen := map[string]bool{}
	for i, f := range p.archive.Files {
		marker := lines[i] - 1
		name := path.Clean(f.Name)
		switch {
		case seen[name]:
			p.report(marker, "file %s is there twice", f.Name)
		case strings.HasPrefix(name, "../") || path.IsAbs(name) || name == "..":
			p.report(marker, "file %s lies outside the scenario's directory", f.Name)
		}
		seen[name] = true
		if feat, ok := unsupportedPart(f.Name); ok {
			p.parseUnsupported(feat, marker, string(f.Data), lines[i])
		}
	}
}

// unsupportedPart tells whether a file is an unsupported part, and of which
// feature.
func unsupportedPart(name string) (feat string, ok bool) {
	if name == unsupportedName {
		return "", true
	}
	feat, ok = strings.CutPrefix(name, unsupportedName+"/")
	return feat, ok
}

func (p *parser) parseUnsupported(feat string, marker int, text string, first int) {
	if feat != "" && !slices.Contains(p.Needs, feat) {
		p.report(marker, "the scenario does not need %s: needs %s, or remove this part", feat, feat)
	}
	if len(p.Needs) == 0 && feat == "" {
		p.report(marker, "it would never run: the scenario needs nothing")
	}
	script := p.parsePart(text, first)
	if len(script.commands) == 0 {
		p.report(marker, "it runs nothing: it must see what is missing refused")
	}
	p.checkCommands(script.commands)
	p.unsupported[feat] = script
}

// checkNeeds asks for an unsupported part for every feature.
func (p *parser) checkNeeds() {
	if _, ok := p.unsupported[""]; ok {
		return
	}
	for _, feat := range p.Needs {
		if _, ok := p.unsupported[feat]; !ok {
			p.report(p.needsLine, "needs %s, but nothing says what happens without it:\n"+
				"add a part  -- unsupported --  or  -- unsupported/%s --  that sees it refused", feat, feat)
		}
	}
}
