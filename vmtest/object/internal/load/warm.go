package load

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assay-lab/assay/vmtest/object/internal/parse"
)

//go:generate ../../testdata/build.sh warm/warm.c

//go:embed warm/warm.o
var warmObject []byte

// warm loads a program, so that what this finds out about the kernel is found out
// before the loader is frozen, and not in each clone of it. That a kernel refuses
// the program is no error.
func (l *Loader) warm() error {
	if _, err := l.kernel(); err != nil && !errors.Is(err, errNoTypes) {
		return err
	}
	parsed, err := parse.Bytes(warmObject)
	if err != nil {
		return fmt.Errorf("read object: %w", err)
	}
	o := &object{Loader: l, Object: parsed, request: &Request{}, maps: map[string]*made{}}
	r := o.load("warm")
	for _, m := range o.maps {
		if m.m != nil {
			_ = m.m.Close()
		}
	}
	if len(r.Faults) > 0 && r.Faults[0].Kind == KindBroken {
		return errors.New(r.Faults[0].Message)
	}
	return warmJSON(r)
}

// warmJSON makes the encoder and the decoder know the types they will meet.
func warmJSON(r *Result) error {
	if err := json.NewEncoder(io.Discard).Encode(Line{Result: r}); err != nil {
		return err
	}
	var q Request
	return json.Unmarshal([]byte(`{"programs":["a"],"maps":{"a":{}}}`), &q)
}
