package load

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

// prepared is a loader made ahead, or nil.
var prepared *Loader

// Prepare does ahead what Main begins with: it finds out about the kernel and reads
// its types.
func Prepare() error {
	l, err := New()
	if err != nil {
		return err
	}
	if err := l.warm(); err != nil {
		return err
	}
	prepared = l
	return nil
}

// Main loads programs, as root, on this kernel. The request is read from stdin, and
// lines of results are written to stdout. The status is 0 if all programs were
// tried, whatever came of them.
func Main(stdin io.Reader, stdout io.Writer) int {
	out := json.NewEncoder(stdout)
	if err := run(stdin, out); err != nil {
		_ = out.Encode(Line{Error: err.Error()}) // there is nobody else to tell
		return 1
	}
	return 0
}

func run(stdin io.Reader, out *json.Encoder) error {
	q, data, against, err := readRequest(stdin)
	if err != nil {
		return err
	}
	l := prepared
	if l == nil {
		if l, err = New(); err != nil {
			return err
		}
	}
	for _, file := range q.Modules {
		if err := insert(file); err != nil {
			return err
		}
	}
	if len(q.Modules) > 0 {
		l.loaded = nil
	}
	if q.BTF != "" {
		if err := l.useTypes(q.BTF); err != nil {
			return err
		}
	}
	parsed, err := parse.Bytes(data)
	if err != nil {
		return err
	}
	o := &object{Loader: l, Object: parsed, request: q, maps: map[string]*made{}}
	if q.Against != "" {
		if o.against, err = l.against(q, against); err != nil {
			return fmt.Errorf("load program %s, to attach to: %w", q.Against, err)
		}
	}
	for _, name := range q.Programs {
		if err := out.Encode(Line{Begin: name}); err != nil {
			return err
		}
		if err := out.Encode(Line{Result: o.load(name)}); err != nil {
			return err
		}
	}
	return nil
}

// readRequest reads the request and the objects that follow it.
func readRequest(stdin io.Reader) (q *Request, data, against []byte, err error) {
	in := bufio.NewReader(stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read request: %w", err)
	}
	q = &Request{}
	if err := json.Unmarshal(line, q); err != nil {
		return nil, nil, nil, fmt.Errorf("read request: %w", err)
	}
	data, against = make([]byte, q.Size), make([]byte, q.AgainstSize)
	for _, b := range [][]byte{data, against} {
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, nil, nil, fmt.Errorf("read object: %w", err)
		}
	}
	return q, data, against, nil
}

// against loads the program to attach to.
func (l *Loader) against(q *Request, data []byte) (*target, error) {
	parsed, err := parse.Bytes(data)
	if err != nil {
		return nil, err
	}
	o := &object{Loader: l, Object: parsed, request: &Request{Types: q.Types, Maps: q.Maps}, maps: map[string]*made{}}
	return o.loadTarget(q.Against)
}

// insert inserts a kernel module. One that is there already is as good.
func insert(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), "", 0)
	if err != nil && err != unix.EEXIST {
		return &os.PathError{Op: "insert", Path: file, Err: err}
	}
	return nil
}
