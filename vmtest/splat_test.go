package vmtest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-lab/assay/kernels"
)

func TestFindSplat(t *testing.T) {
	for _, tt := range []struct{ name, log, want string }{
		{"warning", "4,1,5,-;WARNING: CPU: 0 PID: 7 at net/core/dev.c:1 x+0x1/0x2", "WARNING: CPU: 0 PID: 7 at net/core/dev.c:1 x+0x1/0x2"},
		{"since 6.17 without CPU", "4,1,5,-;WARNING: kernel/bpf/x.c:7 at y+0x1/0x2, CPU#1: z/9", "WARNING: kernel/bpf/x.c:7 at y+0x1/0x2, CPU#1: z/9"},
		{"kasan", "3,1,5,-;BUG: KASAN: slab-out-of-bounds in f+0x1/0x2", "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2"},
		{"null pointer", "1,1,5,-;BUG: kernel NULL pointer dereference, address: 0000000000000008", "BUG: kernel NULL pointer dereference, address: 0000000000000008"},
		{"oops", "4,1,5,-;Oops: general protection fault, probably for non-canonical address", "Oops: general protection fault, probably for non-canonical address"},
		{"lockdep", "4,1,5,-;WARNING: possible circular locking dependency detected", "WARNING: possible circular locking dependency detected"},
		{"rcu", "4,1,5,-;WARNING: suspicious RCU usage", "WARNING: suspicious RCU usage"},
		{"hung task", "3,1,5,-;INFO: task kworker/0:1:7 blocked for more than 120 seconds.", "INFO: task kworker/0:1:7 blocked for more than 120 seconds."},
		{"ubsan", "3,1,5,-;UBSAN: array-index-out-of-bounds in x.c:1:2", "UBSAN: array-index-out-of-bounds in x.c:1:2"},
		{"allocation", "4,1,5,-;test: page allocation failure: order:4, mode:0x1", "test: page allocation failure: order:4, mode:0x1"},
		{"refcount", "4,1,5,-;refcount_t: underflow; use-after-free.", "refcount_t: underflow; use-after-free."},
		{"device leak", "0,1,5,-;unregister_netdevice: waiting for v1 to become free. Usage count = 2", "unregister_netdevice: waiting for v1 to become free. Usage count = 2"},
		{"ordinary", "6,1,5,-;tun: Universal TUN/TAP device driver, 1.6\n6,2,6,-;no BUG: here is not at the start", ""},
		{"key and value of a device", "6,1,5,-;x: up\n SUBSYSTEM=net\n WARNING: this is a value", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if s, _ := findSplat(tt.log, nil); s != nil {
				got = s.line
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAllowedSplats(t *testing.T) {
	allowed := []kernels.Splat{{Match: regexp.MustCompile(`known\.c:12`), Reason: "fixed in 6.13"}}
	log := "4,1,5,-;WARNING: CPU: 0 at known.c:12\n4,2,6,-; Call Trace:\n"
	found, excused := findSplat(log, allowed)
	if found != nil || cmp.Diff([]string{"fixed in 6.13"}, excused) != "" {
		t.Errorf("got %+v, %q, want it excused", found, excused)
	}
	found, _ = findSplat(log+"4,3,7,-;BUG: another\n", allowed)
	if found == nil || found.line != "BUG: another" {
		t.Errorf("got %+v, want the one that is not allowed", found)
	}
}

func TestPanicCause(t *testing.T) {
	for _, tt := range []struct{ console, want string }{
		{"[    1.5] sysrq: Trigger a crash\n[    1.5] Kernel panic - not syncing: sysrq triggered crash\n", "sysrq triggered crash"},
		{"[    1.5][  T1] BUG: unable to handle page fault for address: 0\r\n[    1.6][  T1] Kernel panic - not syncing: Fatal exception in interrupt\r\n",
			"Fatal exception in interrupt (BUG: unable to handle page fault for address: 0)"},
		{"[    1.5] all is well\n", ""},
	} {
		if got, _ := panicCause(tt.console); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestFormatKernelLog(t *testing.T) {
	got := FormatKernelLog("6,351,3493392,-;sysrq: HELP\n SUBSYSTEM=x\n4,352,13000001,c;more\n")
	want := "[    3.493392] sysrq: HELP\n[   13.000001] more\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every mark is the start of a message, so none may hide another.
func TestSplatMarksAreDistinct(t *testing.T) {
	for i, a := range splatMarks {
		for j, b := range splatMarks {
			if i != j && strings.HasPrefix(a, b) {
				t.Errorf("%q is found by %q already: remove it", a, b)
			}
		}
	}
}
