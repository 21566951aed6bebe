package kernels

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// A record is what the store remembers about a name: what it was found to
// stand for on this machine.
type record struct {
	Why  why       `json:"why"`
	When time.Time `json:"when"`
	// Pin is the packages found in a signed index.
	Pin *debian.Pin `json:"pin,omitempty"`
	// Instead is the id of the pinned kernel that Pin stands in for.
	Instead string `json:"instead,omitempty"`
	// Ref is the OCI image found, with its digest.
	Ref string `json:"ref,omitempty"`
	// Image is the id of the image that was added or built under this name.
	Image string `json:"image,omitempty"`
	// From is the file or source tree it was added or built from.
	From string `json:"from,omitempty"`
}

// why says what a record is for.
type why string

const (
	whyFound  why = "found"  // the catalogue pins nothing; this is what an index has
	whyGone   why = "gone"   // the pinned packages are gone from every source
	whyUpdate why = "update" // the user asked for newer packages than the pinned
	whyAdded  why = "added"  // the user added a kernel of this name
	whyBuilt  why = "built"  // the user built a kernel of this name
)

// recordFile is where the store remembers what name stands for.
func (s *Store) recordFile(name string) string {
	return filepath.Join(s.root, "names", name+".json")
}

// recall returns the record of a name, nil if there is none.
func (s *Store) recall(name string) (*record, error) {
	b, err := os.ReadFile(s.recordFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r record
	err = json.Unmarshal(b, &r)
	if err == nil && r.Pin != nil {
		err = r.Pin.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w\nremove the file to be rid of it", s.recordFile(name), err)
	}
	return &r, nil
}

// remember writes the record of a name.
func (s *Store) remember(name string, r *record) error {
	r.When = s.now().UTC().Truncate(time.Second)
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.recordFile(name)), 0o755); err != nil {
		return err
	}
	return whole.WriteFile(s.recordFile(name), append(b, '\n'))
}

// forget removes the record of a name, if there is one.
func (s *Store) forget(name string) error {
	err := os.Remove(s.recordFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// mine tells whether a record is of a kernel that the user put there.
func (r *record) mine() bool { return r != nil && (r.Why == whyAdded || r.Why == whyBuilt) }
