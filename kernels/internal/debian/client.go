package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/assay-lab/assay/kernels/internal/fetch"
	"github.com/assay-lab/assay/kernels/internal/whole"
)

// maxRelease bounds an InRelease file. Debian's have 50 to 250 kB.
const maxRelease = 4 << 20

// A Client reads signed indexes. It is safe for concurrent use.
type Client struct {
	Sites *Sites
	Fetch *fetch.Client
	Keys  openpgp.KeyRing
	Dir   string // where indexes are kept
	Now   func() time.Time
}

// A Suite is where to look: a suite of an archive, as it is or as it was.
type Suite struct {
	// Name is the suite's, such as "trixie-security" or "buster/updates".
	Name string
	// Snapshot, if set, is the time to look at it, in SnapshotTime's format.
	Snapshot string
	// Frozen tells that the suite does not change any more, so that an
	// expired index is the newest there will be.
	Frozen bool
}

// Archive is the archive the suite belongs to.
func (s Suite) Archive() string {
	if strings.HasSuffix(s.Name, "-security") || strings.HasSuffix(s.Name, "/updates") {
		return Security
	}
	return Main
}

// Roots is where the suite's indexes may be. Only the snapshot shows a suite
// as it was.
func (s Suite) Roots(sites *Sites) []string {
	if s.Snapshot == "" {
		return sites.Roots(s.Archive(), "")
	}
	if sites.Snapshot == "" {
		return nil
	}
	return []string{sites.Snapshot + "/" + s.Archive() + "/" + s.Snapshot}
}

// An Index is a suite's verified index of packages for amd64.
type Index struct {
	Suite   Suite
	Release *Release
	file    string // the compressed Packages file
}

// Index returns the suite's index from the first of its sites that has one
// that is properly signed, and fresh unless allowExpired. It fails with
// *fetch.Error if none has.
func (c *Client) Index(ctx context.Context, s Suite, allowExpired bool) (*Index, error) {
	failed := &fetch.Error{File: "index of " + s.Name}
	for _, root := range s.Roots(c.Sites) {
		ix, err := c.indexAt(ctx, root, s, allowExpired)
		if err == nil {
			return ix, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		failed.Errs = append(failed.Errs, err)
	}
	if len(failed.Errs) == 0 {
		failed.Errs = []error{errors.New("no site to get it from is known")}
	}
	return nil, failed
}

// indexAt reads the suite's index at one site: the signed release, then the
// index that it names.
func (c *Client) indexAt(ctx context.Context, root string, s Suite, allowExpired bool) (*Index, error) {
	url := root + "/dists/" + s.Name
	b, err := c.Fetch.Get(ctx, url+"/InRelease", maxRelease)
	if err != nil {
		return nil, err
	}
	frozen := s.Frozen || s.Snapshot != ""
	rel, err := ParseRelease(b, c.Keys, c.Now(), frozen)
	if err != nil {
		return nil, fetch.At(url+"/InRelease", err)
	}
	if !rel.Is(s.Name) {
		return nil, fetch.At(url+"/InRelease", fmt.Errorf("%w: it is of suite %s (%s)", ErrSignature, rel.Suite, rel.Codename))
	}
	if err := rel.Fresh(c.Now()); err != nil && !frozen && !allowExpired {
		return nil, fetch.At(url+"/InRelease", err)
	}
	file, err := c.packages(ctx, url, s, rel)
	if err != nil {
		return nil, err
	}
	return &Index{Suite: s, Release: rel, file: file}, nil
}

// indexNames are the forms in which a suite offers its package index, best
// first.
var indexNames = []string{"main/binary-amd64/Packages.xz", "main/binary-amd64/Packages.gz"}

// keepIndex is how long a superseded index stays: whoever reads it must not
// lose it.
const keepIndex = 24 * time.Hour

// packages returns the Packages file that the release names, fetching it if it
// is not at hand, and drops those superseded long ago.
func (c *Client) packages(ctx context.Context, url string, s Suite, rel *Release) (string, error) {
	for _, name := range indexNames {
		sum, ok := rel.sums[name]
		if !ok {
			continue
		}
		dir := filepath.Join(c.Dir, strings.ReplaceAll(s.Name, "/", "_")+s.Snapshot)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		file := filepath.Join(dir, sum.sha256)
		byHash := url + "/" + filepath.Dir(name) + "/by-hash/SHA256/" + sum.sha256
		f := fetch.File{URLs: []string{byHash, url + "/" + name}, Size: sum.size, SHA256: sum.sha256}
		if err := c.Fetch.Fetch(ctx, file, f, nil, func(string) {}); err != nil {
			return "", err
		}
		now := c.Now()
		if err := os.Chtimes(file, now, now); err != nil {
			return "", err
		}
		return file, whole.SweepOld(dir, keepIndex)
	}
	return "", fmt.Errorf("release of %s names no package index for amd64", s.Name)
}

// Records returns the index's records of the packages whose names are wanted.
func (x *Index) Records(wanted func(name string) bool) ([]Record, error) {
	b, err := os.ReadFile(x.file)
	if err != nil {
		return nil, err
	}
	return readIndex(bytes.NewReader(b), wanted)
}
