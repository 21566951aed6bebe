package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/cli"
	"github.com/assay-lab/assay/ref/account/report"
	"github.com/assay-lab/assay/ref/internal/cgtest"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sys/unix"
)

// buffer is a bytes.Buffer for two goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// status returns the status that main would exit with.
func status(err error) int {
	var c interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &c):
		return c.ExitCode()
	}
	return 1
}

func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args, want string
	}{
		{"", "which cgroup?"},
		{"--what /x", "unknown flag: --what"},
		{"--interval 1ms /x", "want at least 10ms"},
		{"--interval soon /x", "invalid argument"},
		{"--count -1 /x", "no negative numbers"},
		{"--depth 2 /x", "--watch"},
		{"--json --quiet /x", "use one of them"},
		{"--storage tape /x", "want percpu or shared"},
		{"--attach nail /x", "want link or program"},
		{"--max-cgroups 0 /x", "at least 1"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			cmd := cli.New(io.Discard, io.Discard)
			cmd.SetArgs(strings.Fields(tt.args))
			err := cmd.Execute()
			if status(err) != 2 || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("got status %d, %v, want 2 and %q", status(err), err, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	cmd := cli.New(&out, io.Discard)
	cmd.SetArgs([]string{"--help"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 130 {
			t.Errorf("line of %d characters: %s", n, line)
		}
	}
	for _, flag := range []string{"--watch", "--json", "--listen", "--count", "--interval", "Exit status"} {
		if !strings.Contains(out.String(), flag) {
			t.Errorf("help does not mention %s", flag)
		}
	}
}

func TestCannotBegin(t *testing.T) {
	dir := cgtest.New(t)
	for _, tt := range []struct {
		path, want string
	}{
		{filepath.Join(dir, "nobody"), "no such file or directory"},
		{t.TempDir(), "not a cgroup v2 directory\ncgroup v2 is mounted at "},
	} {
		cmd := cli.New(io.Discard, io.Discard)
		cmd.SetArgs([]string{dir, tt.path})
		err := cmd.Execute()
		if status(err) != 3 || !strings.Contains(fmt.Sprint(err), tt.want) || !strings.Contains(fmt.Sprint(err), tt.path) {
			t.Errorf("got status %d, %v, want 3 and %q", status(err), err, tt.want)
		}
		if got := cgtest.Programs(t, dir); got != 0 {
			t.Errorf("%d programs left attached", got)
		}
	}
}

// running is a command in the background.
type running struct {
	stdout, stderr buffer
	stop           context.CancelFunc
	done           chan error
}

// begin starts the command and returns when it counts.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan error, 1)}
	cmd := cli.New(&r.stdout, &r.stderr)
	cmd.SetArgs(append([]string{"--ready-file", ready}, args...))
	go func() { r.done <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(cancel)
	cgtest.Eventually(t, "ready", func() error {
		select {
		case err := <-r.done:
			t.Fatalf("ended early: %v\n%s", err, r.stderr.String())
		default:
		}
		_, err := os.Stat(ready)
		return err
	})
	return r
}

// end interrupts the command and returns its error.
func (r *running) end(t *testing.T) error {
	t.Helper()
	r.stop()
	return r.wait(t)
}

func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("does not end")
		return nil
	}
}

func documents(t *testing.T, text string) []report.Document {
	t.Helper()
	var docs []report.Document
	for line := range strings.Lines(text) {
		var d report.Document
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&d); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		docs = append(docs, d)
	}
	return docs
}

// TestJSON: the first document comes at once, the last has everything, and the
// deltas make the total.
func TestJSON(t *testing.T) {
	cgtest.Netns(t)
	dir := cgtest.New(t)
	r := begin(t, "--json", "--interval", "20ms", dir)
	if first := documents(t, r.stdout.String()); len(first) == 0 || first[0].Interval != 0 || len(first[0].Cgroups) != 1 {
		t.Fatalf("got %q, want a document as soon as ready", r.stdout.String())
	}
	before := cgtest.Count(t, "lo")
	cgtest.Datagrams(t, dir, dir, "::1", 100, 1000)
	sent := cgtest.Count(t, "lo").Sub(before)
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	docs := documents(t, r.stdout.String())
	var delta uint64
	for i, d := range docs {
		if d.Schema != "assay.account/v1" || d.Final != (i == len(docs)-1) {
			t.Errorf("document %d of %d: schema %q, final %v", i, len(docs), d.Schema, d.Final)
		}
		delta += d.Cgroups[0].Delta.Egress.IPv6.Bytes
	}
	last := docs[len(docs)-1].Cgroups[0].Total.Egress.IPv6
	if last.Bytes != sent.TxBytes || last.Packets != sent.TxPackets || delta != last.Bytes {
		t.Errorf("egress got %+v, deltas %d, want what lo carried: %+v", last, delta, sent)
	}
	if got := cgtest.Programs(t, dir); got != 0 {
		t.Errorf("%d programs left attached", got)
	}
}

func TestCount(t *testing.T) {
	dir := cgtest.New(t)
	var out bytes.Buffer
	cmd := cli.New(&out, io.Discard)
	cmd.SetArgs([]string{"--json", "--count", "2", "--interval", "10ms", dir})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if docs := documents(t, out.String()); len(docs) != 3 || !docs[2].Final {
		t.Errorf("got %d documents, want the first and two more", len(docs))
	}
}

func TestWatchTable(t *testing.T) {
	cgtest.Netns(t)
	root := cgtest.New(t)
	r := begin(t, "--watch", "--interval", "1h", "--split", root)
	child := cgtest.Child(t, root, "child")
	cgtest.Eventually(t, "child attached", func() error {
		if n := cgtest.Programs(t, child); n != 2 {
			return fmt.Errorf("%d programs", n)
		}
		return nil
	})
	cgtest.Datagrams(t, child, child, "127.0.0.1", 1000, 1000)
	cgtest.Remove(t, child)
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	// The child and its parent have the same figures, IPv6 none.
	lines := regexp.MustCompile(`(?m)^(\S+ |…\S+ \(gone\)|  ipv4|  ipv6).* 1004KiB  1004KiB$`).FindAllString(r.stdout.String(), -1)
	if len(lines) != 4 {
		t.Errorf("got %d lines with 1004KiB, want 2 for the root and 2 for the child:\n%s", len(lines), r.stdout.String())
	}
}

// TestVanished: a cgroup that ends while it is counted is an error, after its
// last figures.
func TestVanished(t *testing.T) {
	cgtest.Netns(t)
	dir := cgtest.Child(t, cgtest.New(t), "dying")
	r := begin(t, "--json", "--interval", "10ms", "--retain", "0", dir)
	cgtest.Datagrams(t, dir, dir, "127.0.0.1", 3, 100)
	cgtest.Remove(t, dir)
	err := r.wait(t)
	if status(err) != 1 || !errors.Is(err, account.ErrGone) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got status %d, %v, want 1, %v", status(err), err, account.ErrGone)
	}
	docs := documents(t, r.stdout.String())
	last := docs[len(docs)-1]
	if c := last.Cgroups[0]; !last.Final || c.State != "gone" || c.Ended == nil || c.Total.Ingress.IPv4.Packets != 3 {
		t.Errorf("last document: got %+v, want the final 3 packets of a gone cgroup", c)
	}
}

// TestVanishedSocket: a socket that outlives its cgroup does not keep the command.
func TestVanishedSocket(t *testing.T) {
	dir := cgtest.Child(t, cgtest.New(t), "dying")
	r := begin(t, "--json", "--interval", "10ms", dir)
	cgtest.In(t, dir, func() {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
	})
	cgtest.Remove(t, dir)
	if err := r.wait(t); !errors.Is(err, account.ErrGone) {
		t.Errorf("got %v, want %v", err, account.ErrGone)
	}
	docs := documents(t, r.stdout.String())
	if c := docs[len(docs)-1].Cgroups[0]; c.State != "draining" || c.Ended == nil {
		t.Errorf("last document: got %+v, want one that is draining", c)
	}
}

// TestListen: what Prometheus gets is what JSON says.
func TestListen(t *testing.T) {
	cgtest.Netns(t)
	dir := cgtest.New(t)
	r := begin(t, "--json", "--listen", "127.0.0.1:0", "--interval", "1h", dir)
	cgtest.Datagrams(t, dir, dir, "::1", 7, 100)
	url := regexp.MustCompile(`http://\S+/metrics`).FindString(r.stderr.String())
	var body io.ReadCloser
	// The server is in the namespace of whatever thread it is on: any but this.
	got := make(chan error)
	go func() {
		resp, err := http.Get(url)
		if err == nil {
			body = resp.Body
		}
		got <- err
	}()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(body)
	body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.end(t); err != nil {
		t.Fatal(err)
	}
	docs := documents(t, r.stdout.String())
	want := docs[len(docs)-1].Cgroups[0].Total.Egress.IPv6.Bytes
	sum := 0.0
	for _, m := range families["assay_account_bytes_total"].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetValue() == "egress" {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	if sum != float64(want) || want != 7*148 {
		t.Errorf("metrics say %v bytes sent, JSON %d, want 7 of 148", sum, want)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("still serving after the end")
	}
}
