package report

import (
	"crypto/sha256"
	_ "embed" // of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/assay-lab/assay/vmtest"
	"github.com/assay-lab/assay/vmtest/report/chart"
)

//go:embed page/page.tmpl
var pageSource string

//go:embed page/style.css
var pageStyle string

//go:embed page/script.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"soft": soft}).Parse(pageSource))

// soft lets a name break after the characters that join its words.
func soft(name string) template.HTML {
	return template.HTML(softBreaks.Replace(template.HTMLEscapeString(name)))
}

var softBreaks = strings.NewReplacer("_", "_<wbr>", "/", "/<wbr>", ".", ".<wbr>")

// A page is what the template shows.
type page struct {
	Policy, Title, Tool, Shard     string
	Style                          template.CSS
	Script                         template.JS
	Class, Mark, Headline, Summary string
	Meta                           []string
	Counts                         []pageCount
	Columns                        []pageColumn
	Width                          int  // of the matrix, in columns
	Many                           bool // kernels, so that the matrix is wider than most screens
	Fell, Lab                      *pageFindings
	Targets                        []pageTarget
	Overviews, Charts              []template.HTML
	Programs                       []pageProgram
	Lists                          []pageList
	Kernels                        []pageKernel
	Details                        []pageDetail
}

// A pageVerdict is how a verdict looks: Class is its CSS class.
type pageVerdict struct{ Verdict, Class, Word string }

type (
	pageCount struct {
		pageVerdict
		N     int
		Means string
	}
	pageColumn struct {
		Index              int
		Name, Label, About string
		Note               string // how many cells fell
		Absent             bool   // it was not run
	}
	pageFindings struct{ Shown, Folded []pageFinding }
	pageFinding  struct {
		pageVerdict
		Reason, Search string
		Cases          []pageCase
	}
	pageCase struct {
		Title string
		Cells []pageCell
	}
	pageTarget struct {
		Name string
		Rows []pageRow
	}
	pageRow struct {
		Name, Search string
		Cells        []pageCell
	}
	pageCell struct {
		pageVerdict
		Index              int
		ID, Reason, Kernel string
	}
	pageList struct {
		Heading string
		Items   []pageItem
	}
	pageItem   struct{ Reason, On string }
	pageKernel struct {
		Name, Release, Package, Accel, Result, Digest, ShortDigest string
		Required                                                   bool
	}
)

// WriteHTML writes the report as one HTML file that needs nothing else and asks no
// server for anything: the matrix with filters, what there is of each cell, and the
// verifier's figures as charts, after which come the given ones. It can be read without
// scripts, on a phone, and printed.
func (r *Report) WriteHTML(w io.Writer, charts ...chart.Chart) error {
	v := r.view()
	v.clean()
	p := newPage(v)
	for i, c := range charts {
		c.ID = fmt.Sprintf("chart-%d", i+1)
		p.Charts = append(p.Charts, template.HTML(c.SVG())) // which escapes
	}
	return pageTemplate.Execute(w, p)
}

// manyKernels are as many as there is room for beside the names of cases.
const manyKernels = 9

func newPage(v *view) *page {
	p := &page{
		Policy: policy(pageStyle, pageScript), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Tool: strings.TrimSpace(v.head.Tool.Name + " " + v.head.Tool.Version), Shard: v.head.Shard,
		Headline: v.headline(), Summary: v.summary(), Meta: pageMeta(v), Width: len(v.kernels) + 1, Many: len(v.kernels) > manyKernels,
	}
	p.Title = p.Headline
	switch v.class() {
	case vmtest.AsExpected:
		p.Class, p.Mark = "ok", "✓"
	case vmtest.Fell:
		p.Class, p.Mark = "fell", "✕"
	default:
		p.Class, p.Mark = "lab", "!"
	}
	for _, c := range v.counts() {
		p.Counts = append(p.Counts, pageCount{look(c.verdict), c.n, c.verdict.Means()})
	}
	ids := cellIDs(v)
	p.matrix(v, ids)
	p.words(v, ids)
	p.programs(v)
	p.details(v, ids)
	return p
}

// policy lets the page load nothing, and run only what it carries.
func policy(style, script string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src " + hash(style) + "; script-src " + hash(script)
}

func pageMeta(v *view) []string {
	meta := []string{v.head.Started.UTC().Format("2 January 2006, 15:04 UTC")}
	if v.head.Seconds > 0 {
		meta = append(meta, "took "+duration(v.head.Seconds))
	}
	if h := v.head.Host.String(); h != "" {
		meta = append(meta, h)
	}
	return meta
}

func look(v vmtest.Verdict) pageVerdict {
	class := string(v)
	if !slices.Contains(vmtest.Verdicts(), v) {
		class = "unknown"
	}
	return pageVerdict{string(v), class, strings.Replace(word(v), "-", "–", 1)}
}

// cellIDs gives each cell an id in the page, which is the same from report to report.
func cellIDs(v *view) map[Key]string {
	ids := make(map[Key]string, len(v.cells))
	taken := map[string]int{}
	for i := range v.cells {
		k := v.cells[i].Key()
		id := slug("cell", k.Target, k.Case, k.Kernel)
		if taken[id]++; taken[id] > 1 {
			id = fmt.Sprintf("%s~%d", id, taken[id])
		}
		ids[k] = id
	}
	return ids
}

// slug makes an id of names; it has nothing that an address would escape.
func slug(names ...string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (wordRune(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, strings.Join(slices.DeleteFunc(names, func(s string) bool { return s == "" }), "-"))
}

// matrix makes the columns and the rows.
func (p *page) matrix(v *view, ids map[Key]string) {
	fell := map[string]int{}
	for _, c := range v.cells {
		if c.Verdict.Class() == vmtest.Fell {
			fell[c.Kernel]++
		}
	}
	for i, k := range v.kernels {
		c := pageColumn{Index: i, Name: k.Name, Label: kernelLabel(k.Name), About: strings.TrimSpace(oneLine(k.Release + " " + k.Reason))}
		if c.Absent = k.Status != StatusRun; c.Absent {
			c.Note = "not run"
		} else if n := fell[k.Name]; n > 0 {
			c.Note = fmt.Sprintf("%d fell", n)
		}
		p.Columns = append(p.Columns, c)
	}
	for _, t := range v.targets {
		target := pageTarget{Name: t.name}
		for _, r := range t.rows {
			target.Rows = append(target.Rows, pageRowOf(v, r, ids))
		}
		p.Targets = append(p.Targets, target)
	}
}

func pageRowOf(v *view, r row, ids map[Key]string) pageRow {
	row := pageRow{Name: r.name}
	search := []string{r.target, r.name}
	for i, c := range r.cells {
		if c == nil {
			row.Cells = append(row.Cells, pageCell{Index: i})
			continue
		}
		row.Cells = append(row.Cells, pageCellOf(i, c, ids))
		search = append(search, c.Reason)
	}
	row.Search = searchText(search...)
	return row
}

func pageCellOf(column int, c *Cell, ids map[Key]string) pageCell {
	return pageCell{look(c.Verdict), column, ids[c.Key()], oneLine(c.Reason), c.Kernel}
}

// searchText is what a search looks through.
func searchText(parts ...string) string {
	return strings.ToLower(oneLine(strings.Join(slices.Compact(parts), " ")))
}
