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
	sp, err := parseSpec(name)
	if err != nil {
		return nil, err
	}
	src, err := s.source(sp)
	if err != nil {
		return nil, err
	}
	img, err := s.realise(ctx, sp, src, &o)
	if err != nil {
		return nil, err
	}
	img.Name = name
	return img, nil
}

// source finds where a kernel comes from.
func (s *Store) source(sp *spec) (source, error) {
	pin := sp.entry.pins[sp.flavour]
	if pin == nil {
		return nil, &NotAvailableError{Kernel: sp.text, Reason: "no pin"}
	}
	return &debianSource{kernel: sp.text, pin: pin}, nil
}

// realise returns the image that src brings, from the store if it is there.
func (s *Store) realise(ctx context.Context, sp *spec, src source, o *GetOptions) (*Image, error) {
	img, err := s.load(sp, src.id())
	if img != nil {
		return img, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, imagedir.ErrDamaged) {
		return nil, err
	}
	if o.Offline && src.kind() != "local" {
		return nil, &NotAvailableError{Kernel: sp.text, Reason: "it is not in the cache, and the network is not to be used", Err: err}
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
	img := &Image{
		Name: sp.text, Series: seriesOf(m.Release), Release: m.Release, Version: m.Version,
		Source: m.Source, Digest: m.Digest, PVH: m.PVH,
		Kernel:  filepath.Join(dir, imagedir.Kernel),
		Vmlinux: under(dir, m.Vmlinux),
		Config:  under(dir, m.Config),
		Modules: under(dir, m.Modules),
	}
	if sp.entry != nil {
		img.Series = sp.entry.Series
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
