// Package report shows accounts of cgroups: as JSON documents for programs, as
// a table for people.
package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
)

// Schema is the value of [Document.Schema]. Fields may be added under the same
// name; a change of meaning gets a new one.
const Schema = "assay.account/v1"

// Document is the account of all tracked cgroups at one time. It is written as
// one line of JSON.
type Document struct {
	Schema string    `json:"schema"`
	Time   time.Time `json:"time"`
	// Interval is the time since the previous document in seconds, which Delta
	// of the cgroups covers. Zero in the first document, which is written as
	// soon as all cgroups are attached to.
	Interval float64 `json:"interval_seconds"`
	// Final is true in the last document.
	Final bool         `json:"final"`
	Mode  account.Mode `json:"mode"`
	// Polling is true when new cgroups are looked for, for want of inotify.
	Polling bool `json:"polling"`
	// Refused cgroups are beyond the limit, Failed ones could not be attached
	// to or read, Evicted ones were removed and their figures dropped for want of room.
	Refused int    `json:"refused"`
	Failed  int    `json:"failed"`
	Evicted uint64 `json:"evicted"`
	// Cgroups is sorted by name, then by age.
	Cgroups []Cgroup `json:"cgroups"`
}

// Cgroup is the account of one cgroup with its descendants.
type Cgroup struct {
	// Name is the path in the hierarchy, Path the directory. Bytes that are not
	// UTF-8 are replaced; ID tells cgroups apart.
	Name  string      `json:"cgroup"`
	Path  string      `json:"path"`
	ID    uint64      `json:"id"`
	Root  bool        `json:"root"`
	State track.State `json:"state"`
	Since time.Time   `json:"since"`
	// Ended is when the cgroup was found removed; absent while it is live.
	Ended *time.Time `json:"ended,omitempty"`
	// Total is the traffic since Since, Delta that since the previous document
	// or, in a cgroup's first document, Total.
	Total Counters `json:"total"`
	Delta Counters `json:"delta"`
	// Earlier is the total of removed cgroups that had the same path and are no
	// longer listed; absent when there were none.
	Earlier *Counters `json:"earlier,omitempty"`
}

// Counters is account.Counters as JSON.
type Counters struct {
	Ingress Flow `json:"ingress"`
	Egress  Flow `json:"egress"`
}

// Flow is account.Flow as JSON.
type Flow struct {
	IPv4 Tally `json:"ipv4"`
	IPv6 Tally `json:"ipv6"`
}

// Tally is account.Tally as JSON. Segments and WireBytes are absent where the
// kernel does not tell.
type Tally struct {
	Packets   uint64  `json:"packets"`
	Bytes     uint64  `json:"bytes"`
	Segments  *uint64 `json:"segments,omitempty"`
	WireBytes *uint64 `json:"wire_bytes,omitempty"`
}

// New returns the document of now, where before is the snapshot that the
// previous document was made of, nil for the first.
func New(before *track.Snapshot, now track.Snapshot) Document {
	d := Document{
		Schema: Schema, Time: now.Time, Mode: now.Mode, Polling: now.Polling,
		Refused: now.Refused, Failed: now.Failed, Evicted: now.Evicted,
		Cgroups: make([]Cgroup, 0, len(now.Cgroups)),
	}
	if before != nil {
		d.Interval = now.Time.Sub(before.Time).Seconds()
	}
	deltas := deltas(before, now)
	for i, s := range now.Cgroups {
		c := Cgroup{
			Name: s.Name, Path: s.Path, ID: s.ID, Root: s.Root, State: s.State, Since: s.Since,
			Total: counters(s.Counters, now.Mode),
			Delta: counters(deltas[i], now.Mode),
		}
		if s.Earlier != (account.Counters{}) {
			earlier := counters(s.Earlier, now.Mode)
			c.Earlier = &earlier
		}
		if !s.Ended.IsZero() {
			c.Ended = &s.Ended
		}
		d.Cgroups = append(d.Cgroups, c)
	}
	return d
}

// Write writes the document as one line.
func (d Document) Write(w io.Writer) error { return json.NewEncoder(w).Encode(d) }

// deltas returns what each cgroup of now has counted since before.
func deltas(before *track.Snapshot, now track.Snapshot) []account.Counters {
	was := make(map[uint64]account.Counters)
	if before != nil {
		for _, s := range before.Cgroups {
			was[s.ID] = s.Counters
		}
	}
	ds := make([]account.Counters, 0, len(now.Cgroups))
	for _, s := range now.Cgroups {
		ds = append(ds, s.Counters.Sub(was[s.ID]))
	}
	return ds
}

func counters(c account.Counters, m account.Mode) Counters {
	return Counters{flow(c.Ingress, m), flow(c.Egress, m)}
}

func flow(f account.Flow, m account.Mode) Flow { return Flow{tally(f.IPv4, m), tally(f.IPv6, m)} }

func tally(t account.Tally, m account.Mode) Tally {
	j := Tally{Packets: t.Packets, Bytes: t.Bytes}
	if m.Segments {
		j.Segments, j.WireBytes = &t.Segments, &t.WireBytes
	}
	return j
}
