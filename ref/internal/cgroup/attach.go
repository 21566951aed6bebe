package cgroup

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Method is a way to attach a program to a cgroup.
type Method string

// Both leave other programs, here and in ancestors, running.
const (
	// ByLink attaches with a bpf_link: the kernel detaches when the process
	// ends, however it ends. Linux 5.7, af6eea57437a.
	ByLink Method = "link"
	// ByProgram attaches the program itself with BPF_F_ALLOW_MULTI: it stays
	// until someone detaches it, see [Sweep]. Linux 4.15, 324bda9e6c5a.
	ByProgram Method = "program"
)

// BestMethod returns ByLink where the kernel can, and ByProgram where not.
func BestMethod() Method {
	// Bad descriptors are refused after an unknown command is.
	_, err := link.AttachRawLink(link.RawLinkOptions{Target: -1, Program: &ebpf.Program{}})
	if errors.Is(err, link.ErrNotSupported) {
		return ByProgram
	}
	return ByLink
}

// Attach runs prog for the events of type at in d and all its descendants,
// until the returned closer is closed or the cgroup is removed. The error wraps
// [ErrGone], [ErrExclusive], [ErrOverrides] or [os.ErrPermission].
//
// d may be closed while prog is attached.
func (d *Dir) Attach(prog *ebpf.Program, at ebpf.AttachType, how Method) (io.Closer, error) {
	if err := d.conflict(at); err != nil {
		return nil, fmt.Errorf("attach %s to %s: %w", typeName(at), d.Path, err)
	}
	var c io.Closer
	var err error
	if how == ByLink {
		c, err = link.AttachRawLink(link.RawLinkOptions{Target: int(d.file.Fd()), Program: prog, Attach: at})
	} else {
		c, err = attachProgram(d.file, prog, at)
	}
	if isGone(err) {
		err = ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("attach %s to %s: %w", typeName(at), d.Path, err)
	}
	return c, nil
}

// program is a program attached without a link.
type program struct {
	prog *ebpf.Program
	at   ebpf.AttachType
	dir  *os.File
}

// attachProgram does what link.AttachCgroup would not: below Linux 5.6 that
// attaches with BPF_F_ALLOW_OVERRIDE, which stops the programs of ancestors.
func attachProgram(dir *os.File, prog *ebpf.Program, at ebpf.AttachType) (io.Closer, error) {
	// Descriptors of our own, so that the caller may close his. A path would
	// not do to detach: another cgroup may have taken it by then.
	fd, err := unix.FcntlInt(dir.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	p := &program{at: at, dir: os.NewFile(uintptr(fd), dir.Name())}
	if p.prog, err = prog.Clone(); err != nil {
		p.dir.Close()
		return nil, err
	}
	err = link.RawAttachProgram(link.RawAttachProgramOptions{Target: fd, Program: p.prog, Attach: at, Flags: allowMulti})
	if err != nil {
		p.prog.Close()
		p.dir.Close()
		return nil, err
	}
	return p, nil
}

// Close detaches the program. It is no error when the cgroup has gone.
func (p *program) Close() error {
	defer p.dir.Close()
	defer p.prog.Close()
	err := link.RawDetachProgram(link.RawDetachProgramOptions{Target: int(p.dir.Fd()), Program: p.prog, Attach: p.at})
	if err != nil && !isGone(err) {
		return fmt.Errorf("detach %s from %s: %w", typeName(p.at), p.dir.Name(), err)
	}
	return nil
}

// typeName names an attach type as the sections of BPF objects do. The library
// calls cgroup_skb/ingress "None", both being zero.
func typeName(at ebpf.AttachType) string {
	switch at {
	case ebpf.AttachCGroupInetIngress:
		return "cgroup_skb/ingress"
	case ebpf.AttachCGroupInetEgress:
		return "cgroup_skb/egress"
	}
	return at.String()
}
