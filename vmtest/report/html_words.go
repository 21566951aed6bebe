package report

import (
	"fmt"
	"slices"
	"strings"
)

// words makes what is said besides the matrix.
func (p *page) words(v *view, ids map[Key]string) {
	f := v.find()
	p.Fell, p.Lab = pageFindingsOf(v, f.fell, ids), pageFindingsOf(v, f.lab, ids)
	p.list("Unsupported, and refused as documented", f.unsupported)
	p.list("Not run", f.notRun)
	p.list("Allowed by the catalogue in kernel logs", f.excused)
	for _, k := range v.kernels {
		p.Kernels = append(p.Kernels, pageKernelOf(v, k))
	}
}

// shownFindings is how many are seen at once; the others are folded away.
const shownFindings = 15

// pageFindingsOf gathers findings by their reason.
func pageFindingsOf(v *view, all []*finding, ids map[Key]string) *pageFindings {
	var list []pageFinding
	for _, f := range all {
		i := slices.IndexFunc(list, func(p pageFinding) bool { return p.Verdict == string(f.verdict) && p.Reason == f.reason })
		if i < 0 {
			i = len(list)
			list = append(list, pageFinding{pageVerdict: look(f.verdict), Reason: f.reason, Search: searchText(f.reason)})
		}
		item := &list[i]
		item.Search += " " + searchText(f.title)
		one := pageCase{Title: f.title}
		for _, c := range f.cells {
			column := slices.IndexFunc(v.kernels, func(k Kernel) bool { return k.Name == c.Kernel })
			one.Cells = append(one.Cells, pageCellOf(column, c, ids))
		}
		item.Cases = append(item.Cases, one)
	}
	if len(list) == 0 {
		return nil
	}
	n := min(len(list), shownFindings)
	if len(list) == n+1 {
		n++ // to fold one away would save nothing
	}
	return &pageFindings{list[:n], list[n:]}
}

func (p *page) list(heading string, all []*finding) {
	if len(all) == 0 {
		return
	}
	l := pageList{Heading: heading}
	for _, f := range all {
		l.Items = append(l.Items, pageItem{f.reason, f.on()})
	}
	p.Lists = append(p.Lists, l)
}

func pageKernelOf(v *view, k Kernel) pageKernel {
	pk := pageKernel{
		Name: k.Name, Release: k.Release, Package: strings.TrimSpace(k.Source + " " + k.Version),
		Accel: k.Accel, Digest: k.Digest, ShortDigest: k.Digest[:min(12, len(k.Digest))], Required: k.Required,
	}
	one := view{}
	for _, c := range v.cells {
		if c.Kernel == k.Name {
			one.cells = append(one.cells, c)
		}
	}
	var came []string
	for _, c := range one.counts() {
		came = append(came, fmt.Sprintf("%d %s", c.n, c.verdict))
	}
	pk.Result = strings.Join(came, ", ")
	if k.Status != StatusRun {
		_, reason, _ := strings.Cut(absence(k), ": ")
		pk.Result = strings.TrimSuffix("not run: "+reason, ": ")
	}
	return pk
}
