package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/metrics"
	"github.com/assay-lab/assay/ref/account/track"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

type source track.Snapshot

func (s source) Snapshot() track.Snapshot { return track.Snapshot(s) }

// oddNames are all legal in a cgroup hierarchy.
var oddNames = []string{
	"/", "/plain", "/with space", `/quo"te`, "/new\nline", `/back\slash`, `/dev-disk\x2dby.slice`,
	"/ünïcödé/日本", "/bad\xff\xfeutf8", "/brace{a=\"b\"}", "/tab\t", "/\x1b[31m",
}

func oddSource() source {
	s := source{Mode: account.Mode{Storage: account.Shared, Attach: account.ByProgram, Segments: true, Reason: `because "so"`}}
	for i, name := range oddNames {
		n := uint64(i + 1)
		s.Cgroups = append(s.Cgroups, track.Sample{
			Name: name, ID: n, State: track.Live,
			Counters: account.Counters{Ingress: account.Flow{IPv4: account.Tally{Packets: n, Bytes: 100 * n, Segments: 2 * n, WireBytes: 200 * n}}},
		})
	}
	return s
}

func TestLint(t *testing.T) {
	problems, err := testutil.CollectAndLint(metrics.NewCollector(oddSource()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// get serves s and returns what a scraper that accepts the media type gets.
func get(t *testing.T, s source, accept string) (contentType, body string) {
	t.Helper()
	server := httptest.NewServer(metrics.Handler(s))
	defer server.Close()
	req, err := http.NewRequest("GET", server.URL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %s: %v\n%s", resp.Status, err, b)
	}
	return resp.Header.Get("Content-Type"), string(b)
}

// scrape serves s and parses what comes.
func scrape(t *testing.T, s source) map[string]*dto.MetricFamily {
	t.Helper()
	_, body := get(t, s, "text/plain")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func labels(m *dto.Metric) map[string]string {
	l := make(map[string]string)
	for _, p := range m.GetLabel() {
		l[p.GetName()] = p.GetValue()
	}
	return l
}

// TestNames: every name comes out of a parser as it went in, but for bytes that
// no label may hold.
func TestNames(t *testing.T) {
	families := scrape(t, oddSource())
	got := map[string]float64{}
	for _, m := range families["assay_account_bytes_total"].GetMetric() {
		if l := labels(m); l["direction"] == "ingress" && l["family"] == "ipv4" {
			got[l["cgroup"]] = m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{}
	for i, name := range oddNames {
		if name == "/bad\xff\xfeutf8" {
			name = `/bad\xff\xfeutf8`
		}
		want[name] = float64(100 * (i + 1))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bytes by cgroup (-want +got):\n%s", diff)
	}
	info := labels(families["assay_account_mode_info"].GetMetric()[0])
	wantInfo := map[string]string{"storage": "shared", "one_value": "false", "attach": "program", "segments": "true", "ledger": "false", "reason": `because "so"`}
	if diff := cmp.Diff(wantInfo, info); diff != "" {
		t.Errorf("mode (-want +got):\n%s", diff)
	}
}

// TestSeries: each figure appears under its own labels, and segments only where
// they are known.
func TestSeries(t *testing.T) {
	s := source{Evicted: 7, Refused: 8, Failed: 9, Cgroups: []track.Sample{{
		Name: "/a", State: track.Draining,
		Counters: account.Counters{
			Ingress: account.Flow{IPv4: account.Tally{Packets: 1, Bytes: 2, Segments: 3, WireBytes: 4}, IPv6: account.Tally{Packets: 5, Bytes: 6, Segments: 7, WireBytes: 8}},
			Egress:  account.Flow{IPv4: account.Tally{Packets: 9, Bytes: 10, Segments: 11, WireBytes: 12}, IPv6: account.Tally{Packets: 13, Bytes: 14, Segments: 15, WireBytes: 16}},
		},
	}}}
	for _, segments := range []bool{true, false} {
		s.Mode.Segments = segments
		families := scrape(t, s)
		got := []string{}
		for name, f := range families {
			for _, m := range f.GetMetric() {
				l := labels(m)
				if l["cgroup"] == "" {
					continue
				}
				got = append(got, fmt.Sprint(name, " ", l["direction"], " ", l["family"], " ", m.GetCounter().GetValue()))
			}
		}
		slices.Sort(got)
		want := []string{}
		for i, name := range []string{"packets", "bytes", "segments", "wire_bytes"} {
			if i >= 2 && !segments {
				continue
			}
			for j, where := range []string{"ingress ipv4", "ingress ipv6", "egress ipv4", "egress ipv6"} {
				want = append(want, fmt.Sprintf("assay_account_%s_total %s %d", name, where, 4*j+i+1))
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("segments %v (-want +got):\n%s", segments, diff)
		}
	}
	families := scrape(t, s)
	for name, want := range map[string]float64{"refused_cgroups": 8, "failed_cgroups": 9} {
		if got := families["assay_account_"+name].GetMetric()[0].GetGauge().GetValue(); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := families["assay_account_evicted_cgroups_total"].GetMetric()[0].GetCounter().GetValue(); got != 7 {
		t.Errorf("evicted: got %v, want 7", got)
	}
}

// TestSamePath: a path has one series, whatever lies behind it, and it does not
// fall.
func TestSamePath(t *testing.T) {
	tally := func(n uint64) account.Counters {
		return account.Counters{Egress: account.Flow{IPv6: account.Tally{Packets: n}}}
	}
	s := source{Cgroups: []track.Sample{
		{Name: "/a", ID: 1, State: track.Draining, Counters: tally(10), Earlier: tally(1)},
		{Name: "/a", ID: 2, State: track.Live, Counters: tally(100)},
		{Name: "/x\xff", ID: 3, State: track.Live, Counters: tally(1000)},
		{Name: `/x\xff`, ID: 4, State: track.Live, Counters: tally(10000)},
	}}
	families := scrape(t, s)
	got := map[string]float64{}
	for _, m := range families["assay_account_packets_total"].GetMetric() {
		if l := labels(m); l["direction"] == "egress" && l["family"] == "ipv6" {
			got[l["cgroup"]] = m.GetCounter().GetValue()
		}
	}
	if diff := cmp.Diff(map[string]float64{"/a": 111, `/x\xff`: 11000}, got); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
}

// TestOpenMetrics checks the rules that set OpenMetrics apart from the older
// text format, which the other tests parse.
func TestOpenMetrics(t *testing.T) {
	contentType, body := get(t, oddSource(), "application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(contentType, "application/openmetrics-text; version=1.0.0") {
		t.Errorf("content type %q", contentType)
	}
	if !strings.HasSuffix(body, "\n# EOF\n") || !utf8.ValidString(body) {
		t.Errorf("no UTF-8 text that ends with # EOF:\n%s", body)
	}
	types := map[string]string{}
	sample := regexp.MustCompile(`^([a-z_]+)(\{([a-z_]+="([^"\\]|\\[n"\\])*"(,|\}))*)? [0-9.e+]+$`)
	for line := range strings.Lines(strings.TrimSuffix(body, "# EOF\n")) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, typ, _ := strings.Cut(name, " ")
			types[name] = typ
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		name, isCounter := strings.CutSuffix(m[1], "_total")
		if want := map[bool]string{true: "counter", false: "gauge"}[isCounter]; types[name] != want {
			t.Errorf("%q is of family %q, type %q, want %q", line, name, types[name], want)
		}
	}
	if len(types) != 9 {
		t.Errorf("%d families, want 9: %v", len(types), types)
	}
}
