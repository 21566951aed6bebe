// Package metrics publishes accounts of cgroups to Prometheus, in its text and
// OpenMetrics formats.
//
//	assay_account_bytes_total{cgroup="/a",direction="ingress",family="ipv6"}
//	assay_account_packets_total    likewise, and where the kernel tells:
//	assay_account_segments_total   packets with segmentation offload undone
//	assay_account_wire_bytes_total bytes with their headers
//	assay_account_cgroups{state="live"}
//	assay_account_mode_info{storage="percpu",attach="link",…,reason=""} 1
//	assay_account_refused_cgroups, assay_account_failed_cgroups,
//	assay_account_evicted_cgroups_total
//
// The label cgroup is the path in the hierarchy. A cgroup that is made again at
// the same path continues the series, so that nothing counted between the last
// scrape and its end is lost. The number of series is bounded by the limits of
// package track: 16 for each tracked cgroup.
package metrics

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/track"
	"github.com/prometheus/client_golang/prometheus"
)

// A Source is what accounts are taken from; [track.Tracker] is one.
type Source interface {
	Snapshot() track.Snapshot
}

// Collector reads all counters anew for each scrape. It may be used
// concurrently.
type Collector struct{ source Source }

// NewCollector returns a collector for a registry.
func NewCollector(s Source) *Collector { return &Collector{s} }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("assay_account_"+name, help, labels, nil)
}

// series are the counters of a cgroup, by direction and IP version.
var series = []struct {
	desc     *prometheus.Desc
	segments bool // only where the kernel tells
	value    func(account.Tally) uint64
}{
	{
		desc("packets_total", "IP packets that the cgroup's sockets received and sent, as the hook saw them.", "cgroup", "direction", "family"),
		false, func(t account.Tally) uint64 { return t.Packets },
	},
	{
		desc("bytes_total", "Bytes of these packets, from the IP header on.", "cgroup", "direction", "family"),
		false, func(t account.Tally) uint64 { return t.Bytes },
	},
	{
		desc("segments_total", "Packets with segmentation offload undone.", "cgroup", "direction", "family"),
		true, func(t account.Tally) uint64 { return t.Segments },
	},
	{
		desc("wire_bytes_total", "Bytes with the headers of all segments, from the IP header on.", "cgroup", "direction", "family"),
		true, func(t account.Tally) uint64 { return t.WireBytes },
	},
}

var (
	modeDesc = desc("mode_info", "How traffic is counted on this kernel, and why not better.",
		"storage", "one_value", "attach", "segments", "ledger", "reason")
	cgroupsDesc = desc("cgroups", "Cgroups in the account, by state.", "state")
	refusedDesc = desc("refused_cgroups", "Cgroups that are not tracked because of the limit.")
	failedDesc  = desc("failed_cgroups", "Cgroups that could not be attached to, or read.")
	evictedDesc = desc("evicted_cgroups_total", "Removed cgroups whose figures were dropped early for want of room.")
)

// Describe implements [prometheus.Collector].
func (*Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, s := range series {
		ch <- s.desc
	}
	for _, d := range []*prometheus.Desc{modeDesc, cgroupsDesc, refusedDesc, failedDesc, evictedDesc} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	s := c.source.Snapshot()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	states := map[track.State]int{track.Live: 0, track.Draining: 0, track.Gone: 0}
	for _, cg := range s.Cgroups {
		states[cg.State]++
	}
	for state, n := range states {
		gauge(cgroupsDesc, float64(n), string(state))
	}
	gauge(refusedDesc, float64(s.Refused))
	gauge(failedDesc, float64(s.Failed))
	ch <- prometheus.MustNewConstMetric(evictedDesc, prometheus.CounterValue, float64(s.Evicted))
	gauge(modeDesc, 1, string(s.Mode.Storage), strconv.FormatBool(s.Mode.OneValue),
		string(s.Mode.Attach), strconv.FormatBool(s.Mode.Segments),
		strconv.FormatBool(s.Mode.Ledger), s.Mode.Reason)
	for name, total := range byLabel(s.Cgroups) {
		collect(ch, name, s.Mode.Segments, total)
	}
}

func collect(ch chan<- prometheus.Metric, name string, segments bool, c account.Counters) {
	for _, s := range series {
		if s.segments && !segments {
			continue
		}
		for _, v := range []struct {
			direction, family string
			tally             account.Tally
		}{
			{"ingress", "ipv4", c.Ingress.IPv4},
			{"ingress", "ipv6", c.Ingress.IPv6},
			{"egress", "ipv4", c.Egress.IPv4},
			{"egress", "ipv6", c.Egress.IPv6},
		} {
			ch <- prometheus.MustNewConstMetric(s.desc, prometheus.CounterValue,
				float64(s.value(v.tally)), name, v.direction, v.family)
		}
	}
}

// byLabel adds up what has the same path: a removed cgroup whose sockets live on
// beside its successor.
func byLabel(samples []track.Sample) map[string]account.Counters {
	sums := make(map[string]account.Counters, len(samples))
	for _, s := range samples {
		name := label(s.Name)
		sums[name] = sums[name].Add(s.Counters).Add(s.Earlier)
	}
	return sums
}

// label returns name with what is not UTF-8 escaped, since labels must be. Two
// names might be escaped alike; byLabel adds them up then, rather than fail the
// whole scrape.
func label(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if _, size := utf8.DecodeRuneInString(name[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, name[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
