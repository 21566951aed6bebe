package main

import (
	"bytes"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/internal/wire"
)

// log sends the kernel's messages since wake, as /dev/kmsg gives them: a line of
// "priority,sequence,time,flags;text" each.
//
// A record without a newline at its end stays open, and unseen, until the next one
// comes: so one comes.
func (s *supervisor) log(id uint16) {
	s.markLog()
	s.sendStream(id, &kmsgReader{fd: s.kmsg})
}

func (s *supervisor) markLog() { _, _ = unix.Write(s.kmsg, []byte(wire.LogMark+"\n")) }

// shortLog is as much of the log as goes along with the end of a command.
const shortLog = 16 << 10

// takeLog puts the kernel's messages into the news of a command's end.
func (s *supervisor) takeLog(x *wire.ExitBody) {
	s.markLog()
	r, b := &kmsgReader{fd: s.kmsg}, make([]byte, 8<<10) // a record has 8 KiB at most
	for len(x.Log) < shortLog {
		n, err := r.Read(b)
		if err != nil {
			x.LogWhole = true
			return
		}
		x.Log += string(b[:n])
	}
}

func (s *supervisor) sendStream(id uint16, r io.Reader) {
	g, release := s.gate(id)
	defer release()
	s.port.done(id, wire.Copy(s.port.send, id, wire.Stdout, g, r))
}

// kmsgReader reads until the log has no more.
type kmsgReader struct{ fd int }

func (k *kmsgReader) Read(b []byte) (int, error) {
	for k.fd >= 0 {
		n, err := unix.Read(k.fd, b)
		switch err {
		case nil:
			return n, nil
		case unix.EPIPE, unix.EINTR: // EPIPE: overwritten before it was read, go on with what is there
		default:
			return 0, io.EOF
		}
	}
	return 0, io.EOF
}

// stacks sends what every task but the kernel's own is doing, and asks the kernel
// for the CPUs and the blocked tasks, which land in its log.
func (s *supervisor) stacks(id uint16) {
	for _, key := range []string{"l", "w"} {
		_ = os.WriteFile("/proc/sysrq-trigger", []byte(key), 0)
	}
	var b bytes.Buffer
	procs, _ := os.ReadDir("/proc")
	processes := 0
	for _, p := range procs {
		if pid, err := strconv.Atoi(p.Name()); err != nil || pid == 1 {
			continue
		}
		processes++
		if b.Len() < maxStacks {
			appendTasks(&b, "/proc/"+p.Name()+"/task/")
		}
	}
	b.WriteString(strconv.Itoa(processes) + " processes\n")
	s.sendStream(id, &b)
}

// maxStacks bounds the report: a machine with thousands of tasks has no time for
// more, and its first tasks tell enough.
const maxStacks = 16 << 10

func appendTasks(b *bytes.Buffer, dir string) {
	tasks, _ := os.ReadDir(dir)
	for _, t := range tasks {
		if b.Len() > maxStacks {
			return
		}
		base := dir + t.Name() + "/"
		if kernelThread(base) {
			return
		}
		read := func(name string) string {
			v, _ := os.ReadFile(base + name)
			return string(bytes.TrimSpace(v))
		}
		b.WriteString("task " + t.Name() + " " + read("comm") + " in " + read("wchan") + ", system call " + read("syscall") + "\n")
		b.WriteString(indent(read("stack")))
	}
}

// kernelThread tells the kernel's own tasks: they have no memory of their own.
func kernelThread(base string) bool {
	v, err := os.ReadFile(base + "statm")
	return err != nil || bytes.HasPrefix(v, []byte("0 "))
}

func indent(text string) string {
	var b bytes.Buffer
	for line := range bytes.Lines([]byte(text)) {
		b.WriteString("    ")
		b.Write(bytes.TrimRight(line, "\n"))
		b.WriteByte('\n')
	}
	return b.String()
}
