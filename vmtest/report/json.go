package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A SchemaError tells that what was read is no report that this version knows.
type SchemaError struct {
	// Schema is the one it claims; empty if it claims none.
	Schema string
}

func (e *SchemaError) Error() string {
	switch {
	case e.Schema == "":
		return "not a report: it has no \"schema\"; want a file that assay certify --json wrote"
	case strings.HasPrefix(e.Schema, "assay.certification/"):
		return fmt.Sprintf("report has schema %q, and this assay reads %q\nuse the version of assay that wrote it, or a newer one", e.Schema, Schema)
	}
	return fmt.Sprintf("not a report: it has schema %q; want %q, as assay certify --json writes it", e.Schema, Schema)
}

// ErrDuplicateCell is a report with two cells for the same case on the same kernel.
var ErrDuplicateCell = errors.New("two cells of the same target, case and kernel")

// Read reads a report from JSON. Keys it does not know, as of a newer version, are
// ignored. An error is a *SchemaError if it is something else than a report.
func Read(in io.Reader) (*Report, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if head.Schema != Schema {
		return nil, &SchemaError{head.Schema}
	}
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	return r, r.check()
}

// check finds what no report says, and adds the kernels that only cells name.
func (r *Report) check() error {
	r.index()
	if len(r.place) != len(r.Cells) {
		return fmt.Errorf("read report: %w", ErrDuplicateCell)
	}
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.Case == "" || c.Kernel == "" || c.Verdict == "" {
			return fmt.Errorf("read report: cell %d lacks its case, kernel or verdict", i+1)
		}
		r.kernel(c.Kernel)
	}
	return nil
}

// WriteJSON writes the report in the form the package's documentation describes,
// with kernels and cells in their order whatever the order they came in.
func (r *Report) WriteJSON(w io.Writer) error {
	v := r.view()
	out := struct {
		*Report
		Kernels []Kernel `json:"kernels"`
		Cells   []Cell   `json:"cells"`
	}{v.head, v.kernels, v.cells}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
