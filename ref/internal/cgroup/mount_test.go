package cgroup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMounts(t *testing.T) {
	const hybrid = `22 1 0:21 / /proc rw,relatime shared:5 - proc proc rw
25 24 0:22 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
26 25 0:23 / /sys/fs/cgroup/unified rw,relatime shared:9 master:1 - cgroup2 cgroup2 rw
27 25 0:24 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
40 1 0:23 /a/b /mnt/with\040space\134 rw - cgroup2 none rw
41 1 0:99 / /mnt/named\040-\040cgroup2 rw - tmpfs cgroup2 rw
`
	got, err := parseMounts(strings.NewReader(hybrid))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/sys/fs/cgroup/unified", `/mnt/with space\`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}

func TestMountOf(t *testing.T) {
	mounts := []string{"/sys/fs/cgroup", "/sys/fs/cgroup/inner", "/mnt"}
	for path, want := range map[string]string{
		"/sys/fs/cgroup":            "/sys/fs/cgroup",
		"/sys/fs/cgroup/a":          "/sys/fs/cgroup",
		"/sys/fs/cgroup/inner/a":    "/sys/fs/cgroup/inner",
		"/sys/fs/cgroup/innermost":  "/sys/fs/cgroup",
		"/sys/fs/cgroup/..strange":  "/sys/fs/cgroup",
		"/sys/fs/cgroupfs/a":        "",
		"/sys/fs":                   "",
		"/mnt/a":                    "/mnt",
		"/home/sys/fs/cgroup/inner": "",
	} {
		if got, ok := mountOf(mounts, path); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestNameOf(t *testing.T) {
	for path, want := range map[string]string{
		"/sys/fs/cgroup":         "/",
		"/sys/fs/cgroup/a b/c\n": "/a b/c\n",
	} {
		if got := NameOf("/sys/fs/cgroup", path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
