package modbuild

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assay-lab/assay/kernels/internal/whole"
)

// Files of a finished build's directory, besides the modules.
const (
	builtFile = "build.json" // a Built
	logFile   = "build.log"  // what was printed
)

// load reads a finished build, if it is there and whole.
func load(dir, key string) (*Built, error) {
	text, err := os.ReadFile(filepath.Join(dir, builtFile))
	if err != nil {
		return nil, err
	}
	b := &Built{Dir: dir, Cached: true}
	if err := json.Unmarshal(text, b); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if b.Digest != key {
		return nil, fmt.Errorf("%s is of something else", dir)
	}
	for _, m := range b.Modules {
		if st, err := os.Stat(b.Path(m)); err != nil || st.Size() != m.Size {
			return nil, fmt.Errorf("%s is not what was put there", b.Path(m))
		}
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // so that it is kept
	return b, nil
}

// save completes a build's directory.
func (b *Built) save(dir string) error {
	text, err := json.MarshalIndent(b, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, builtFile), append(text, '\n'), 0o444)
}

// clean removes what is in the way: a damaged build, litter of the dead, and what
// nobody has asked for in a long time.
func (w *workshop) clean(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		w.o.notice("the build of %s for %s is damaged; building it again", w.src.Name, w.img.Release)
		if err := whole.Remove(dir); err != nil {
			return err
		}
	}
	if err := whole.Sweep(w.modules()); err != nil {
		return fmt.Errorf("sweep module builds: %w", err)
	}
	if err := whole.SweepOld(w.modules(), keep); err != nil { // logs
		return err
	}
	entries, err := os.ReadDir(w.modules())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		st, err := e.Info()
		if err != nil || !e.IsDir() || !strings.Contains(e.Name(), "-") || time.Since(st.ModTime()) < keep {
			continue
		}
		if err := whole.Remove(filepath.Join(w.modules(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}
