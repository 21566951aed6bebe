package kernels

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// debianSource brings a kernel from Debian packages.
type debianSource struct {
	kernel string // as the user calls it
	pin    *debian.Pin
}

func (d *debianSource) kind() string    { return "debian" }
func (d *debianSource) remote() bool    { return true }
func (d *debianSource) version() string { return d.pin.Version }

// id is the release and the identity of the packages' contents.
func (d *debianSource) id() string {
	h := sha256.New()
	for _, p := range d.pin.Packages {
		fmt.Fprintln(h, p.SHA256)
	}
	return d.pin.Release + "-" + hex.EncodeToString(h.Sum(nil))[:12]
}

// fill downloads the packages and unpacks the kernel from them.
func (d *debianSource) fill(ctx context.Context, s *Store, dir string, o *GetOptions) error {
	debs, err := s.fetchPackages(ctx, d.kernel, d.pin, o)
	if err != nil {
		return err
	}
	if err := debian.Unpack(dir, d.pin.Release, debs); err != nil {
		return err
	}
	for _, name := range debs { // what was worth keeping is unpacked
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// keepPart is how long the beginning of a download waits to be resumed.
const keepPart = 7 * 24 * time.Hour

// fetchPackages downloads a pin's packages and returns their paths.
func (s *Store) fetchPackages(ctx context.Context, kernel string, pin *debian.Pin, o *GetOptions) ([]string, error) {
	if err := os.MkdirAll(s.downloads(), 0o755); err != nil {
		return nil, err
	}
	if err := whole.SweepOld(s.downloads(), keepPart); err != nil {
		return nil, fmt.Errorf("sweep downloads: %w", err)
	}
	var debs []string
	var before int64
	for _, p := range pin.Packages {
		dst := filepath.Join(s.downloads(), p.SHA256[:12]+"-"+p.File())
		f := fetch.File{URLs: s.sites.URLs(p, pin.Snapshot), Size: p.Size, SHA256: p.SHA256}
		sink := func(done, _ int64) {
			if o.Progress != nil {
				o.Progress(Progress{kernel, before + done, pin.Size()})
			}
		}
		err := s.client.Fetch(ctx, dst, f, sink, func(holder string) {
			o.notice("%s: waiting for process %s, which is fetching %s", kernel, holder, p.File())
		})
		if err != nil {
			return nil, fetchShortfall(err)
		}
		before += p.Size
		debs = append(debs, dst)
	}
	return debs, nil
}
