package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/report"
	"github.com/assay-lab/assay/ref/account/track"
	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func tally(n uint64) account.Tally {
	return account.Tally{Packets: n, Bytes: 100 * n, Segments: 2 * n, WireBytes: 140 * n}
}

func counters(in4, in6, out4, out6 uint64) account.Counters {
	return account.Counters{
		Ingress: account.Flow{IPv4: tally(in4), IPv6: tally(in6)},
		Egress:  account.Flow{IPv4: tally(out4), IPv6: tally(out6)},
	}
}

func live(name string, id uint64, c account.Counters) track.Sample {
	return track.Sample{Name: name, Path: "/cg" + name, ID: id, State: track.Live, Since: epoch, Counters: c}
}

func TestDocument(t *testing.T) {
	mode := account.Mode{Storage: account.PerCPU, OneValue: true, Attach: account.ByLink, Segments: true}
	gone := live("/b", 3, counters(9, 0, 0, 0))
	gone.State, gone.Ended, gone.Earlier = track.Gone, epoch.Add(2*time.Second), counters(0, 0, 0, 5)
	before := track.Snapshot{Time: epoch, Mode: mode, Cgroups: []track.Sample{live("/a", 1, counters(1, 2, 3, 4))}}
	now := track.Snapshot{
		Time: epoch.Add(1500 * time.Millisecond), Mode: mode, Refused: 1, Failed: 2, Evicted: 3,
		Cgroups: []track.Sample{live("/a", 1, counters(11, 22, 33, 44)), gone},
	}
	d := report.New(&before, now)
	d.Final = true
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("got %q, want one line", b.String())
	}
	var got, want any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(wantDocument), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
}

const wantDocument = `{
	"schema": "assay.account/v1",
	"time": "2026-11-20T12:00:01.5Z", "interval_seconds": 1.5, "final": true,
	"mode": {"storage": "percpu", "one_value": true, "attach": "link", "segments": true, "ledger": false, "reason": ""},
	"polling": false, "refused": 1, "failed": 2, "evicted": 3,
	"cgroups": [
		{
			"cgroup": "/a", "path": "/cg/a", "id": 1, "root": false, "state": "live", "since": "2026-11-20T12:00:00Z",
			"total": {
				"ingress": {
					"ipv4": {"packets": 11, "bytes": 1100, "segments": 22, "wire_bytes": 1540},
					"ipv6": {"packets": 22, "bytes": 2200, "segments": 44, "wire_bytes": 3080}},
				"egress": {
					"ipv4": {"packets": 33, "bytes": 3300, "segments": 66, "wire_bytes": 4620},
					"ipv6": {"packets": 44, "bytes": 4400, "segments": 88, "wire_bytes": 6160}}},
			"delta": {
				"ingress": {
					"ipv4": {"packets": 10, "bytes": 1000, "segments": 20, "wire_bytes": 1400},
					"ipv6": {"packets": 20, "bytes": 2000, "segments": 40, "wire_bytes": 2800}},
				"egress": {
					"ipv4": {"packets": 30, "bytes": 3000, "segments": 60, "wire_bytes": 4200},
					"ipv6": {"packets": 40, "bytes": 4000, "segments": 80, "wire_bytes": 5600}}}
		},
		{
			"cgroup": "/b", "path": "/cg/b", "id": 3, "root": false, "state": "gone",
			"since": "2026-11-20T12:00:00Z", "ended": "2026-11-20T12:00:02Z",
			"total": {
				"ingress": {
					"ipv4": {"packets": 9, "bytes": 900, "segments": 18, "wire_bytes": 1260},
					"ipv6": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0}},
				"egress": {
					"ipv4": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0},
					"ipv6": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0}}},
			"delta": {
				"ingress": {
					"ipv4": {"packets": 9, "bytes": 900, "segments": 18, "wire_bytes": 1260},
					"ipv6": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0}},
				"egress": {
					"ipv4": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0},
					"ipv6": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0}}},
			"earlier": {
				"ingress": {
					"ipv4": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0},
					"ipv6": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0}},
				"egress": {
					"ipv4": {"packets": 0, "bytes": 0, "segments": 0, "wire_bytes": 0},
					"ipv6": {"packets": 5, "bytes": 500, "segments": 10, "wire_bytes": 700}}}
		}
	]
}`

// TestDocumentWithoutSegments: what the kernel does not tell is absent, not zero.
func TestDocumentWithoutSegments(t *testing.T) {
	now := track.Snapshot{Cgroups: []track.Sample{live("/a", 1, counters(1, 1, 1, 1))}}
	var b bytes.Buffer
	if err := report.New(nil, now).Write(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), `"wire_bytes"`) || strings.Contains(b.String(), `"segments":2`) {
		t.Errorf("got segments that were not counted: %s", b.String())
	}
}

func TestTable(t *testing.T) {
	before := track.Snapshot{Time: epoch, Cgroups: []track.Sample{
		live("/", 1, counters(0, 0, 0, 0)), live("/idle", 2, counters(50, 0, 0, 0)), live("/busy", 3, counters(10, 0, 0, 0)),
	}}
	gone := live("/ended\n\x1b[31m\xff", 4, counters(3, 0, 2, 0))
	gone.State, gone.Earlier = track.Gone, counters(1, 0, 0, 0)
	now := track.Snapshot{Time: epoch.Add(2 * time.Second), Refused: 7, Cgroups: []track.Sample{
		live("/", 1, counters(10, 10, 0, 0)), live("/idle", 2, counters(50, 0, 0, 0)),
		live("/busy", 3, counters(10, 20_000, 1_000_000, 0)), gone,
		live("/system.slice/system-postgresql.slice/x", 5, counters(1, 0, 0, 0)),
	}}
	for _, tt := range []struct {
		name  string
		table report.Table
		want  string
	}{
		{"all", report.Table{}, `
CGROUP                         IN/s   IN pps    OUT/s  OUT pps       IN      OUT
/busy                        977KiB    10.0k  47.7MiB     500k  1.91MiB  95.4MiB
/                             1000B       10       0B        0  1.95KiB       0B
…ed\x0a\x1b[31m\xff (gone)     150B        2     100B        1     400B     200B
…system-postgresql.slice/x      50B        0       0B        0     100B       0B
/idle                            0B        0       0B        0  4.88KiB       0B
and 7 more than are tracked
`},
		{"top split", report.Table{Top: 1, Split: true}, `
CGROUP                         IN/s   IN pps    OUT/s  OUT pps       IN      OUT
/busy                        977KiB    10.0k  47.7MiB     500k  1.91MiB  95.4MiB
  ipv4                           0B        0  47.7MiB     500k    1000B  95.4MiB
  ipv6                       977KiB    10.0k       0B        0  1.91MiB       0B
and 4 less busy
and 7 more than are tracked
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := tt.table.Write(&b, before, now); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n")+"\n", b.String()); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
					t.Errorf("line of %d columns: %s", n, line)
				}
			}
		})
	}
}
