package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
)

// Table writes accounts as tables of 80 columns.
type Table struct {
	// Top is how many cgroups are shown, busiest first; 0 is all.
	Top int
	// Split shows IPv4 and IPv6 apart below each cgroup.
	Split bool
}

const (
	nameWidth   = 26
	columnWidth = 9
)

// row is what is shown of a cgroup.
type row struct {
	name         string
	delta, total account.Counters
}

// Write writes the table of now; rates are over the time since before, totals
// since counting began, removed cgroups of the same path included.
func (t Table) Write(w io.Writer, before, now track.Snapshot) error {
	rows := t.rows(before, now)
	shown := rows
	if t.Top > 0 && len(rows) > t.Top {
		shown = rows[:t.Top]
	}
	seconds := now.Time.Sub(before.Time).Seconds()
	var b bytes.Buffer
	line(&b, "CGROUP", "IN/s", "IN pps", "OUT/s", "OUT pps", "IN", "OUT")
	for _, r := range shown {
		t.write(&b, r, seconds)
	}
	if rest := rows[len(shown):]; len(rest) > 0 {
		fmt.Fprintf(&b, "and %d less busy\n", len(rest))
	}
	if now.Refused > 0 {
		fmt.Fprintf(&b, "and %d more than are tracked\n", now.Refused)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

func (t Table) rows(before, now track.Snapshot) []row {
	deltas := deltas(&before, now)
	rows := make([]row, 0, len(now.Cgroups))
	for i, s := range now.Cgroups {
		name := printable(s.Name)
		if s.State != track.Live {
			name += " (gone)"
		}
		rows = append(rows, row{name, deltas[i], s.Counters.Add(s.Earlier)})
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(
			cmp.Compare(b.delta.Total().Bytes, a.delta.Total().Bytes),
			cmp.Compare(b.total.Total().Bytes, a.total.Total().Bytes),
		)
	})
	return rows
}

func (t Table) write(b *bytes.Buffer, r row, seconds float64) {
	figures(b, r.name, seconds,
		r.delta.Ingress.Total(), r.delta.Egress.Total(), r.total.Ingress.Total(), r.total.Egress.Total())
	if !t.Split {
		return
	}
	figures(b, "  ipv4", seconds, r.delta.Ingress.IPv4, r.delta.Egress.IPv4, r.total.Ingress.IPv4, r.total.Egress.IPv4)
	figures(b, "  ipv6", seconds, r.delta.Ingress.IPv6, r.delta.Egress.IPv6, r.total.Ingress.IPv6, r.total.Egress.IPv6)
}

func figures(b *bytes.Buffer, name string, seconds float64, in, out, totalIn, totalOut account.Tally) {
	rate := func(n uint64) float64 { return float64(n) / max(seconds, 1e-9) }
	line(b, name,
		bytesText(rate(in.Bytes)), countText(rate(in.Packets)),
		bytesText(rate(out.Bytes)), countText(rate(out.Packets)),
		bytesText(float64(totalIn.Bytes)), bytesText(float64(totalOut.Bytes)))
}

func line(b *bytes.Buffer, name string, columns ...string) {
	name = fit(name, nameWidth)
	b.WriteString(name)
	b.WriteString(strings.Repeat(" ", nameWidth-len([]rune(name))))
	for _, c := range columns {
		fmt.Fprintf(b, "%*s", columnWidth, c)
	}
	b.WriteByte('\n')
}
