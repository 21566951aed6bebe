// Package cli is the command line of package account: "assay account PATH…".
//
// The command is a function of its world, which is handed to New; it prints no
// errors and does not exit. Errors have a method ExitCode() int: 2 for usage, 3
// when accounting could not begin, 1 when something went wrong later.
package cli

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-lab/assay/ref/account"
	"github.com/assay-lab/assay/ref/account/report"
	"github.com/assay-lab/assay/ref/account/track"
)

// The statuses to exit with.
const (
	statusFell     = 1
	statusUsage    = 2
	statusCouldNot = 3
)

// coded is an error with the status to exit with.
type coded struct {
	error
	status int
}

// ExitCode returns the status to exit with.
func (c coded) ExitCode() int { return c.status }

// Unwrap returns the error without it.
func (c coded) Unwrap() error { return c.error }

func withStatus(status int, err error) error {
	if err == nil {
		return nil
	}
	return coded{err, status}
}

// minInterval keeps reading from being all that is done.
const minInterval = 10 * time.Millisecond

// options are the flags.
type options struct {
	track     track.Options
	load      account.Options
	table     report.Table
	interval  time.Duration
	count     int
	json      bool
	quiet     bool
	listen    string
	readyFile string
}

const long = `Counts the network traffic of cgroups (v2): bytes and packets, in and out, of
all sockets that were created in a cgroup or below it.

PATH is a directory of the cgroup hierarchy, as /sys/fs/cgroup/system.slice.
Every second a table is printed, until interrupted (SIGINT, SIGTERM, SIGHUP) or
until all cgroups are removed; a last table has the final figures. Rates are
over the last interval, totals since the command began:

  CGROUP    the path in the hierarchy; "(gone)" after it was removed
  IN/s      bytes received, IP headers included;  IN pps  packets
  OUT/s     bytes sent;                           OUT pps packets
  IN, OUT   bytes in total

With --watch every cgroup below PATH is counted by itself too, new ones as they
appear. A cgroup's figures include those of the cgroups below it.

With --json each table is a line of JSON instead, schema assay.account/v1: the
first as soon as all cgroups are attached to, the last with "final": true. Each
cgroup has "total" and, for the time since the previous line, "delta":

  {"schema":"assay.account/v1","interval_seconds":1,"final":false,
   "mode":{"storage":"percpu","attach":"link","segments":true,"reason":""},
   "cgroups":[{"cgroup":"/a","id":7,"state":"live","total":{
     "ingress":{"ipv4":{"packets":1,"bytes":60,"segments":1,"wire_bytes":60},
                "ipv6":{…}},"egress":{…}},"delta":{…}}]}

With --listen the counters are served to Prometheus at /metrics.

Exit status: 0 when interrupted or done; 1 when something went wrong while
counting, as when all cgroups were removed; 2 for a wrong command line; 3 when
counting could not begin: no such cgroup, no privileges, no cgroup v2.`

// New returns the command "account". It writes accounts to stdout, and what else
// there is to say to stderr.
func New(stdout, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "account [flags] PATH…",
		Short: "Count the network traffic of cgroups",
		Long:  long,
		Example: `  assay account /sys/fs/cgroup/system.slice/nginx.service
  assay account --watch --top 10 /sys/fs/cgroup
  assay account --json --count 1 --interval 10s /sys/fs/cgroup/user.slice
  assay account --watch --quiet --listen :9101 /sys/fs/cgroup/kubepods.slice`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			return withStatus(statusUsage, o.check(args))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.track.Roots = args
			return run(cmd.Context(), o, stdout, stderr)
		},
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return withStatus(statusUsage, err) })
	o.flags(cmd)
	return cmd
}

func (o *options) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVarP(&o.track.Descendants, "watch", "w", false, "also count every cgroup below PATH by itself, new ones as they appear")
	f.IntVar(&o.track.MaxDepth, "depth", 0, "with --watch, how many levels below PATH (0 is all)")
	f.DurationVarP(&o.interval, "interval", "i", time.Second, "time between tables")
	f.IntVarP(&o.count, "count", "n", 0, "stop after so many intervals (0 is never)")
	f.BoolVar(&o.json, "json", false, "print lines of JSON instead of tables")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print no tables")
	f.IntVar(&o.table.Top, "top", 20, "how many cgroups a table shows, busiest first (0 is all)")
	f.BoolVar(&o.table.Split, "split", false, "show IPv4 and IPv6 apart in tables")
	f.StringVar(&o.listen, "listen", "", "serve OpenMetrics at http://`ADDRESS`/metrics, as :9101")
	f.StringVar(&o.readyFile, "ready-file", "", "create `FILE` when counting has begun, remove it in the end")
	f.DurationVar(&o.track.Retain, "retain", track.DefaultRetain, "how long to keep the figures of removed cgroups (0 is not at all)")
	f.IntVar(&o.track.MaxRetained, "max-retained", track.DefaultMaxRetained, "how many removed cgroups to keep")
	f.IntVar(&o.track.MaxCgroups, "max-cgroups", track.DefaultMaxCgroups, "how many cgroups to count at once")
	f.StringVar((*string)(&o.load.Storage), "storage", "", "where to count: percpu or shared (default the best of the kernel)")
	f.StringVar((*string)(&o.load.Attach), "attach", "", "how to attach: link or program (default the best of the kernel)")
	f.BoolVar(&o.load.NoSegments, "no-segments", false, "do not count what segmentation makes of packets")
}

// check returns what is wrong with the flags and arguments.
func (o *options) check(args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("which cgroup? name at least one PATH, as /sys/fs/cgroup\nsee \"assay account --help\"")
	case o.interval < minInterval:
		return fmt.Errorf("--interval %v: want at least %v", o.interval, minInterval)
	case o.count < 0, o.track.MaxDepth < 0, o.table.Top < 0:
		return errors.New("--count, --depth and --top take no negative numbers")
	case o.track.MaxRetained < 1, o.track.MaxCgroups < 1:
		return errors.New("--max-retained and --max-cgroups must be at least 1")
	case o.track.MaxDepth > 0 && !o.track.Descendants:
		return errors.New("--depth says how deep to --watch: use both")
	case o.json && o.quiet:
		return errors.New("--json and --quiet: use one of them")
	}
	if o.track.Retain <= 0 {
		o.track.Retain = -1
	}
	return o.checkModes()
}

func (o *options) checkModes() error {
	switch o.load.Storage {
	case "", account.PerCPU, account.Shared:
	default:
		return fmt.Errorf("--storage %s: want %s or %s", o.load.Storage, account.PerCPU, account.Shared)
	}
	switch o.load.Attach {
	case "", account.ByLink, account.ByProgram:
	default:
		return fmt.Errorf("--attach %s: want %s or %s", o.load.Attach, account.ByLink, account.ByProgram)
	}
	return nil
}
