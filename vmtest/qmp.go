package vmtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// qmp is a client of QEMU's machine protocol, as much of it as snapshots need:
// one command at a time, events kept until asked for. It is not safe for
// concurrent use. (QEMU docs/interop/qmp-spec.rst)
type qmp struct {
	conn   *net.UnixConn
	lines  *bufio.Reader
	limit  time.Duration
	events []qmpEvent
}

type qmpEvent struct {
	Event string `json:"event"`
	Data  struct {
		Status string `json:"status"`
	} `json:"data"`
}

type qmpMessage struct {
	qmpEvent
	Greeting json.RawMessage `json:"QMP"`
	Return   json.RawMessage `json:"return"`
	Error    *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

// dialQMP takes the greeting and leaves negotiation mode.
func dialQMP(conn *net.UnixConn, limit time.Duration) (*qmp, error) {
	q := &qmp{conn: conn, lines: bufio.NewReader(conn), limit: limit}
	_ = conn.SetDeadline(time.Now().Add(limit))
	m, err := q.read()
	if err != nil {
		return nil, fmt.Errorf("qmp greeting: %w", err)
	}
	if m.Greeting == nil {
		return nil, errors.New("qmp: no greeting")
	}
	return q, q.do("qmp_capabilities", nil)
}

var errMonitorClosed = errors.New("qemu closed its monitor")

func (q *qmp) read() (m qmpMessage, err error) {
	line, err := q.lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
		return m, errMonitorClosed
	}
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(line, &m)
}

// do runs a command. Descriptors go along with it (for getfd).
func (q *qmp) do(command string, arguments any, fds ...int) error {
	req := struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, arguments}
	b, err := json.Marshal(req)
	if err != nil {
		return err
	}
	_ = q.conn.SetDeadline(time.Now().Add(q.limit))
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if _, _, err := q.conn.WriteMsgUnix(append(b, '\n'), rights, nil); err != nil {
		return fmt.Errorf("qmp %s: %w", command, err)
	}
	for {
		m, err := q.read()
		switch {
		case err != nil:
			return fmt.Errorf("qmp %s: %w", command, err)
		case m.Event != "":
			q.events = append(q.events, m.qmpEvent)
		case m.Error != nil:
			return fmt.Errorf("qmp %s: %s: %s", command, m.Error.Class, m.Error.Desc)
		default:
			return nil
		}
	}
}

// migrated waits for the end of a migration in either direction.
func (q *qmp) migrated() error {
	_ = q.conn.SetDeadline(time.Now().Add(q.limit))
	for {
		for len(q.events) > 0 {
			e := q.events[0]
			q.events = q.events[1:]
			switch {
			case e.Event == "MIGRATION" && e.Data.Status == "completed":
				return nil
			case e.Event == "MIGRATION" && e.Data.Status == "failed":
				return errors.New("qmp: migration failed")
			}
		}
		m, err := q.read()
		if err != nil {
			return fmt.Errorf("qmp: wait for migration: %w", err)
		}
		if m.Event != "" {
			q.events = append(q.events, m.qmpEvent)
		}
	}
}

// ignoreShared makes migration leave memory alone that is a shared file, so that
// the state of a machine is some 400 KB whatever its size.
func (q *qmp) ignoreShared() error {
	type capability struct {
		Capability string `json:"capability"`
		State      bool   `json:"state"`
	}
	return q.do("migrate-set-capabilities", map[string]any{
		"capabilities": []capability{{"x-ignore-shared", true}, {"events", true}},
	})
}

// save stops the machine and writes its state to w.
func (q *qmp) save(w io.Writer) error {
	if err := q.do("stop", nil); err != nil {
		return err
	}
	if err := q.ignoreShared(); err != nil {
		return err
	}
	ours, theirs, err := socketpair()
	if err != nil {
		return err
	}
	defer ours.Close()
	err = q.do("getfd", map[string]string{"fdname": "state"}, int(theirs.Fd()))
	theirs.Close()
	if err != nil {
		return err
	}
	// QEMU says "completed" when it has written the last byte; it is here when
	// the other end is closed.
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(w, ours)
		copied <- err
	}()
	if err := q.do("migrate", map[string]string{"uri": "fd:state"}); err != nil {
		return err
	}
	if err := q.migrated(); err != nil {
		return err
	}
	select {
	case err := <-copied:
		return err
	case <-time.After(q.limit):
		return errors.New("qmp: saved state has no end")
	}
}

// load gives a machine that waits for its state (-incoming defer) the saved one,
// over the descriptor it was started with.
func (q *qmp) load(fd int) error {
	if err := q.ignoreShared(); err != nil {
		return err
	}
	if err := q.do("migrate-incoming", map[string]string{"uri": fmt.Sprintf("fd:%d", fd)}); err != nil {
		return err
	}
	return q.migrated()
}

// socketpair returns our end as a connection and the other as a file to inherit.
func socketpair() (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "socketpair"), os.NewFile(uintptr(fds[1]), "socketpair")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return conn.(*net.UnixConn), theirs, nil
}
