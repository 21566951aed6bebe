package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// payloadCgroup holds everything the host runs here. Its limits keep the agent
// able to answer whatever happens inside.
const payloadCgroup = "/sys/fs/cgroup/payload"

// reserve is kept back from the payload for the kernel and the agent.
const reserve = 48 << 20

// maxTasks is far above what a test needs and far below what a small guest dies of.
const maxTasks = 4096

// payloadFD is the open cgroup directory, or -1: this kernel has no cgroup v2.
var payloadFD = -1

func limitPayload(warn func(string, error)) {
	for _, c := range []string{"cpu", "memory", "pids", "io", "cpuset"} {
		// One at a time: a controller this kernel lacks must not take the others along.
		_ = os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+c), 0)
	}
	if err := os.Mkdir(payloadCgroup, 0o755); err != nil {
		return // no cgroup v2: nothing to limit with
	}
	var si unix.Sysinfo_t
	warn("read memory size", unix.Sysinfo(&si))
	total := si.Totalram * uint64(si.Unit)
	for name, value := range map[string]uint64{
		"memory.max": max(total, 2*reserve) - reserve,
		// The whole command goes when one of its processes must: half a test proves nothing.
		"memory.oom.group": 1,
		"pids.max":         maxTasks,
	} {
		err := os.WriteFile(payloadCgroup+"/"+name, strconv.AppendUint(nil, value, 10), 0)
		if err != nil && !os.IsNotExist(err) {
			warn("limit payload's "+name, err)
		}
	}
	fd, err := unix.Open(payloadCgroup, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	warn("open payload cgroup", err)
	payloadFD = fd
	memoryEvents, pidsEvents = openEvents("memory.events"), openEvents("pids.events")
}

// events is a file of counters of the payload's cgroup, kept open.
type events int

var memoryEvents, pidsEvents events = -1, -1

func openEvents(name string) events {
	fd, err := unix.Open(payloadCgroup+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1 // this kernel does not count it
	}
	return events(fd)
}

// count reads a counter such as oom_kill.
func (e events) count(key string) uint32 {
	b := make([]byte, 512)
	n, err := unix.Pread(int(e), b, 0)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b[:n])) {
		if v, ok := strings.CutPrefix(line, key+" "); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(v), 10, 32)
			return uint32(n)
		}
	}
	return 0
}
