// Package agentbin carries the guest agent, built, so that a lab needs no
// compiler. What is committed is proven to be what the sources give: see the test.
package agentbin

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sync"
)

//go:generate sh generate.sh

//go:embed agent_amd64.gz
var packed []byte

// Bytes returns the agent, a static x86-64 Linux executable. The slice is shared:
// callers do not write to it.
var Bytes = sync.OnceValues(func() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack guest agent: %w", err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack guest agent: %w", err)
	}
	return b, nil
})
