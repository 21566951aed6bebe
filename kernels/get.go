package kernels

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/assay-lab/assay/kernels/internal/imagedir"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// GetOptions says how Get may go about it. The zero value is quiet, uses the
// network, and trusts no index that is past its date.
type GetOptions struct {
	// Progress, if not nil, hears how a download goes.
	Progress func(Progress)
	// Notice, if not nil, hears what a user should know: that another
	// process is waited for, that a damaged kernel is fetched again, that a
	// newer version stands in for a pinned one. One line, no newline.
	Notice func(string)
	// Offline forbids to use the network.
	Offline bool
	// AllowExpired accepts a signed index that is past its Valid-Until.
	AllowExpired bool
}

// Progress is how far the download of a kernel has come.
type Progress struct {
	Kernel      string
	Done, Total int64 // in bytes
}

func (o *GetOptions) notice(format string, args ...any) {
	if o.Notice != nil {
		o.Notice(fmt.Sprintf(format, args...))
	}
}

// Get returns the kernel that name stands for, ready to boot, and puts it in
// the store first if it is not there. The name is a series ("6.12"), with a
// flavour ("6.12-generic") or a version ("6.12@6.12.107-1"), the name of a
// kernel that was added, a file ("./bzImage", "./bzImage:./modules"), or an
// image ("oci:quay.io/…").
//
// Errors: *UnknownError for no such kernel, *NotAvailableError for one that
// this machine cannot have.
func (s *Store) Get(ctx context.Context, name string, o GetOptions) (*Image, error) {
	sp, err := s.parse(name)
	if err != nil {
		return nil, err
	}
	list, err := s.candidates(sp)
	if err != nil {
		return nil, err
	}
	img, err := s.cached(sp, list, &o)
	if img != nil || err != nil {
		return img, err
	}
	var failed []*shortfall
	for _, c := range list {
		if c.lastResort && !gone(failed) {
			continue
		}
		img, err := s.try(ctx, sp, c, &o)
		if err == nil {
			return img, nil
		}
		var short *shortfall
		if !errors.As(err, &short) || ctx.Err() != nil {
			return nil, fmt.Errorf("kernel %s: %w", name, err)
		}
		failed = append(failed, short)
	}
	return nil, notAvailable(name, failed)
}

// cached returns the first candidate that is in the store.
func (s *Store) cached(sp *spec, list []candidate, o *GetOptions) (*Image, error) {
	for _, c := range list {
		if c.known == nil {
			continue
		}
		img, err := s.load(sp, c.known.id())
		switch {
		case err == nil:
			if c.notice != "" {
				o.notice("%s", c.notice)
			}
			return img, nil
		case errors.Is(err, imagedir.ErrDamaged):
			return nil, nil // leave it to realise
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return nil, nil
}

// try brings one candidate into the store.
func (s *Store) try(ctx context.Context, sp *spec, c candidate, o *GetOptions) (*Image, error) {
	src := c.known
	if src == nil {
		if o.Offline {
			return nil, errOffline(sp.text, fs.ErrNotExist)
		}
		var err error
		if src, err = c.lookup(ctx, o); err != nil {
			return nil, err
		}
	}
	if c.notice != "" {
		o.notice("%s", c.notice)
	}
	return s.realise(ctx, sp, src, o)
}

// realise returns the image that src brings, from the store if it is there.
func (s *Store) realise(ctx context.Context, sp *spec, src source, o *GetOptions) (*Image, error) {
	img, err := s.load(sp, src.id())
	if img != nil {
		return img, nil
	}
	if unnamed(src.id()) {
		if err := s.prune(); err != nil {
			return nil, err
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, imagedir.ErrDamaged) {
		return nil, err
	}
	if o.Offline && src.remote() {
		return nil, errOffline(sp.text, err)
	}
	lock, err := whole.Acquire(ctx, s.lockFile(src.id()), func(holder string) {
		o.notice("%s: waiting for process %s, which is fetching it", sp.text, holder)
	})
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	img, err = s.load(sp, src.id()) // whoever held the lock may have brought it
	if img != nil {
		return img, nil
	}
	if errors.Is(err, imagedir.ErrDamaged) {
		o.notice("%s: cached kernel is %v; fetching it again", sp.text, err)
		if err := whole.Remove(s.imageDir(src.id())); err != nil {
			return nil, fmt.Errorf("remove damaged kernel %s: %w", sp.text, err)
		}
	}
	if err := s.build(ctx, src, o); err != nil {
		return nil, err
	}
	return s.load(sp, src.id())
}

// build fills a staging directory from src and moves it into place.
func (s *Store) build(ctx context.Context, src source, o *GetOptions) error {
	if err := whole.Sweep(s.images()); err != nil {
		return fmt.Errorf("sweep kernel store: %w", err)
	}
	st, err := whole.NewStage(s.images(), src.id())
	if err != nil {
		return fmt.Errorf("stage kernel: %w", err)
	}
	defer st.Abort()
	if err := src.fill(ctx, s, st.Dir, o); err != nil {
		return err
	}
	m := imagedir.Manifest{Source: src.kind(), Version: src.version()}
	if _, err := imagedir.Finish(st.Dir, m); err != nil {
		return fmt.Errorf("prepare kernel: %w", err)
	}
	return st.Commit(s.imageDir(src.id()))
}

func (s *Store) imageDir(id string) string { return filepath.Join(s.images(), id) }

// load returns the image called id if the store has it, undamaged.
func (s *Store) load(sp *spec, id string) (*Image, error) {
	dir := s.imageDir(id)
	m, err := imagedir.Load(dir)
	if err != nil {
		return nil, err
	}
	if unnamed(id) {
		s.touch(id)
	}
	img := &Image{
		Name: sp.text, Series: s.catalog.SeriesOf(m.Release), Release: m.Release, Version: m.Version,
		Source: m.Source, Digest: m.Digest, PVH: m.PVH,
		Kernel:  filepath.Join(dir, imagedir.Kernel),
		Vmlinux: under(dir, m.Vmlinux),
		Config:  under(dir, m.Config),
		Modules: under(dir, m.Modules),
	}
	return img, nil
}

// under joins dir and rel, or is empty if rel is.
func under(dir, rel string) string {
	if rel == "" {
		return ""
	}
	return filepath.Join(dir, rel)
}
