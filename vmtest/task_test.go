package vmtest

import (
	"strings"
	"testing"
	"time"
)

// Whatever a payload does to its machine ends in the right verdict, within its
// limit, with the cause named, and the next one is untouched.
func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		task   Task
		want   Verdict
		reason string
	}{
		{role("true"), Pass, ""},
		{role("exit", "3"), Fail, "exit status 3"},
		{role("kill-self", "9"), Fail, "signal: killed"},
		{role("sysrq", "c"), Panic, "sysrq triggered crash"},
		{Task{Args: []string{"/test", "hang"}, Zygote: true, Limit: time.Second}, Hang, "no end within"},
		{role("flood", "100"), Pass, ""},
		{Task{Args: []string{"/test", "fork-bomb"}, Zygote: true, Limit: 4 * time.Second}, Hang, "no end within"},
		{role("eat-memory"), OOM, "out-of-memory killer took"},
		{role("kmsg", "BUG: KASAN: use-after-free in planted"), Splat, "BUG: KASAN: use-after-free in planted"},
		{role("kmsg", "nothing to see: BUG"), Pass, ""},
		{role("power-off"), Lost, "the machine ended by itself"},
		{role("kill-init"), Lost, "the agent ended"},
		{role("orphan"), Pass, ""},
		{Task{Args: []string{"/nowhere"}}, Infra, "no such file"},
		{role("true"), Pass, ""},
	} {
		t.Run(strings.Join(tt.task.Args[1:], " "), func(t *testing.T) {
			o := runRole(t, tt.task)
			if tt.want == Hang && o.Verdict == OOM && tt.task.Args[1] == "fork-bomb" {
				return // it may run out of memory before it runs out of time
			}
			if o.Verdict != tt.want || !strings.Contains(o.Reason, tt.reason) {
				t.Errorf("got %s: %q, want %s: %q", o.Verdict, o.Reason, tt.want, tt.reason)
				var b strings.Builder
				o.Explain(&b)
				t.Log(b.String())
			}
		})
	}
}
