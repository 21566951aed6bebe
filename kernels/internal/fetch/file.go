package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/assay-lab/assay/kernels/internal/whole"
)

// A File is what is wanted: where it may be had, and how to know it.
type File struct {
	URLs   []string // tried in order
	Size   int64    // in bytes
	SHA256 string   // hex
}

// A Sink hears how a download goes: bytes there so far, of how many.
type Sink func(done, total int64)

// Fetch brings f to the file dst, from the first address that has it. The
// bytes gather in dst+".part", which survives an interruption. If another
// process is fetching the same file, Fetch waits for it and calls waiting
// first. Failing everywhere gives an *Error.
func (c *Client) Fetch(ctx context.Context, dst string, f File, sink Sink, waiting func(holder string)) error {
	lock, err := whole.Acquire(ctx, dst+".lock", waiting)
	if err != nil {
		return err
	}
	defer lock.Release()
	if have(dst, f) {
		return nil
	}
	failed := &Error{File: filepath.Base(dst)}
	for _, u := range f.URLs {
		err := c.retry(ctx, func() error { return c.once(ctx, dst+".part", u, f, sink) })
		if err == nil {
			return os.Rename(dst+".part", dst)
		}
		if ctx.Err() != nil || errors.Is(err, errLocal) {
			return fmt.Errorf("fetch %s: %w", failed.File, err)
		}
		failed.Errs = append(failed.Errs, &addressError{u, err})
	}
	if len(f.URLs) == 0 {
		return fmt.Errorf("fetch %s: no address to fetch it from", failed.File)
	}
	return failed
}

// have tells whether dst is f already.
func have(dst string, f File) bool {
	st, err := os.Stat(dst)
	if err != nil || st.Size() != f.Size {
		return false
	}
	sum, err := SHA256(dst)
	return err == nil && sum == f.SHA256
}

// once makes one attempt at one address. It leaves a part file only if that is
// worth resuming.
func (c *Client) once(ctx context.Context, part, rawURL string, f File, sink Sink) error {
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("%w: %w", errLocal, err)
	}
	defer out.Close()
	h := sha256.New()
	offset, err := resumeAt(out, h, f)
	if err != nil {
		return fmt.Errorf("%w: %w", errLocal, err)
	}
	leftover := offset > 0
	if offset < f.Size {
		if offset, err = c.transfer(ctx, out, h, offset, rawURL, f, sink); err != nil {
			return err
		}
	}
	if sum := hex.EncodeToString(h.Sum(nil)); offset != f.Size || sum != f.SHA256 {
		os.Remove(part)
		if leftover {
			return errLeftover // what this server sent may well be right
		}
		return fmt.Errorf("%w: got %d bytes with sha256 %.12s…, want %d with %.12s…", ErrDigest, offset, sum, f.Size, f.SHA256)
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("%w: %w", errLocal, err)
	}
	return nil
}

// resumeAt feeds what an earlier attempt left to h and returns its length; a
// part that is too long to be a beginning of f is dropped.
func resumeAt(part *os.File, h hash.Hash, f File) (int64, error) {
	n, err := io.Copy(h, part)
	if err != nil {
		return 0, err
	}
	if n <= f.Size {
		return n, nil
	}
	return 0, restart(part, h)
}

func restart(part *os.File, h hash.Hash) error {
	h.Reset()
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return part.Truncate(0)
}

// transfer appends the rest of f, from offset on, to out and h. It returns how
// many bytes out has then.
func (c *Client) transfer(ctx context.Context, out *os.File, h hash.Hash, offset int64, rawURL string, f File, sink Sink) (int64, error) {
	resumed, resp, err := c.open(ctx, rawURL, offset)
	if err != nil {
		return offset, err
	}
	defer resp.Body.Close()
	if !resumed && offset > 0 {
		if err := restart(out, h); err != nil {
			return 0, fmt.Errorf("%w: %w", errLocal, err)
		}
		offset = 0
	}
	w := &meter{w: io.MultiWriter(out, h), done: offset, total: f.Size, sink: sink}
	// One byte more than wanted, to notice a file that is longer.
	_, err = io.Copy(w, io.LimitReader(resp.Body, f.Size-offset+1))
	switch {
	case w.err != nil:
		return w.done, fmt.Errorf("%w: %w", errLocal, w.err)
	case err != nil:
		return w.done, err
	case w.done < f.Size:
		return w.done, fmt.Errorf("connection ended after %d of %d bytes", w.done, f.Size)
	}
	w.tell(true)
	return w.done, nil
}

// tellEvery is the least time between two calls of a Sink.
const tellEvery = 100 * time.Millisecond

// meter counts what passes and tells a Sink now and then.
type meter struct {
	w           io.Writer
	done, total int64
	sink        Sink
	told        time.Time
	err         error // of w, as against one of the network
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.err = err
	m.done += int64(n)
	m.tell(false)
	return n, err
}

func (m *meter) tell(now bool) {
	if m.sink != nil && (now || time.Since(m.told) >= tellEvery) {
		m.told = time.Now()
		m.sink(m.done, m.total)
	}
}

// SHA256 returns the digest of a file, in hex.
func SHA256(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
