package vmtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one QEMU.
type process struct {
	cmd     *exec.Cmd
	monitor *qmp
	control *net.UnixConn
	console *console
	stderr  tail
	ended   chan struct{} // closed when it is gone and its console is read to the end
	cpu     time.Duration // user and system time, once ended
}

// startQEMU starts it with the given arguments and descriptors from fdMemory on,
// and talks to its monitor. It dies with this process, however that ends.
func startQEMU(binary string, args []string, limit time.Duration, extra ...*os.File) (_ *process, err error) {
	p := &process{ended: make(chan struct{}), stderr: tail{max: 8 << 10}}
	var ours [3]*net.UnixConn
	var inherit []*os.File
	defer func() {
		if err != nil {
			closeAll(ours[:])
		}
	}()
	for i := range ours {
		conn, theirs, err := socketpair()
		if err != nil {
			return nil, err
		}
		// Closed as soon as QEMU has its own, or its end would never show.
		defer theirs.Close()
		ours[i], inherit = conn, append(inherit, theirs)
	}
	p.control, p.console = ours[1], newConsole()
	p.cmd = exec.Command(binary, args...)
	p.cmd.ExtraFiles = append(inherit, extra...)
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // an interrupt at the terminal is for us to handle
	}
	err = p.start(ours[2])
	for _, f := range inherit {
		_ = f.Close()
	}
	if err != nil {
		return nil, &InfraError{fmt.Errorf("start %s: %w", binary, err)}
	}
	if p.monitor, err = dialQMP(ours[0], limit); err != nil {
		return nil, p.fail(err)
	}
	return p, nil
}

// start runs QEMU from a thread that lives as long as it does: the kernel sends
// the parent-death signal when the starting thread ends, not the process.
func (p *process) start(console *net.UnixConn) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := p.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		var read sync.WaitGroup
		read.Go(func() { p.console.readFrom(console) })
		_ = p.cmd.Wait() // how QEMU ended is told by its stderr and the console
		p.cpu = p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
		read.Wait()
		close(p.ended)
	}()
	return <-started
}

// kill ends the machine at once and waits until nothing is left of it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // by handle: never somebody else's
	<-p.ended
	_ = p.control.Close()
	if p.monitor != nil {
		_ = p.monitor.conn.Close()
	}
}

// fail kills the machine and adds what QEMU said to the error.
func (p *process) fail(err error) error {
	p.kill()
	if said := strings.TrimSpace(p.stderr.String()); said != "" {
		err = fmt.Errorf("%w; qemu says: %s", err, said)
	}
	return &InfraError{Err: err}
}

// quit lets QEMU end on its own.
func (p *process) quit(limit time.Duration) error {
	if err := p.monitor.do("quit", nil); err != nil && !errors.Is(err, errMonitorClosed) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(limit):
		return errors.New("qemu does not quit")
	}
}

func closeAll(conns []*net.UnixConn) {
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
}
