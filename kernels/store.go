package kernels

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/assay-lab/assay/kernels/catalog"
	"github.com/assay-lab/assay/kernels/internal/debian"
	"github.com/assay-lab/assay/kernels/internal/fetch"
)

// EnvCache names the directory everything is cached in, instead of the user's
// cache directory.
const EnvCache = "ASSAY_CACHE"

// A Store is a directory of kernels that are ready to boot. Any number of
// goroutines and processes may use one at a time.
type Store struct {
	root    string // DIR/kernels
	catalog catalog.Catalog
	sites   *debian.Sites
	client  *fetch.Client
	keys    openpgp.KeyRing // that sign Debian's archives
	now     func() time.Time
}

// Config states what a Store is to use. The zero value means the defaults.
type Config struct {
	// Dir is the cache directory; by default $ASSAY_CACHE, or "assay" in
	// the user's cache directory. The store lives in "kernels" below it.
	Dir string
	// Getenv looks up environment variables; by default os.Getenv.
	Getenv func(string) string
	// HTTP does the requests; by default one that heeds the usual proxy
	// variables and gives up on hosts that do not answer.
	HTTP http.RoundTripper
	// Root is the root of the file system whose etc/apt is read; by default "/".
	Root string
}

// Open opens the store below the cache directory dir, as Config.Open does.
func Open(dir string) (*Store, error) { return Config{Dir: dir}.Open() }

// Open opens a store, making its directory if need be.
func (c Config) Open() (*Store, error) {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Root == "" {
		c.Root = "/"
	}
	dir, err := c.cacheDir()
	if err != nil {
		return nil, err
	}
	s := &Store{
		root:    filepath.Join(dir, "kernels"),
		catalog: catalog.Embedded(),
		sites:   debian.FindSites(c.Getenv, c.Root),
		client:  fetch.New(c.HTTP),
		keys:    debian.Keyring(),
		now:     time.Now,
	}
	if err := os.MkdirAll(s.root, 0o755); err != nil {
		return nil, fmt.Errorf("open kernel store: %w\nset %s to a directory that can be written", err, EnvCache)
	}
	return s, nil
}

func (c Config) cacheDir() (string, error) {
	dir := c.Dir
	if dir == "" {
		dir = c.Getenv(EnvCache)
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache directory: %w\nset %s to a directory that can be written", err, EnvCache)
		}
		dir = filepath.Join(user, "assay")
	}
	return filepath.Abs(dir)
}

// Dir is the store's directory, which others may keep things in under names of
// their own: "modules" is package modbuild's.
func (s *Store) Dir() string { return s.root }

// Directories of the store.
func (s *Store) images() string    { return filepath.Join(s.root, "images") }
func (s *Store) downloads() string { return filepath.Join(s.root, "downloads") }

// lockFile is what a process locks while it builds the image called id.
func (s *Store) lockFile(id string) string {
	return filepath.Join(s.root, "locks", id+".lock")
}

// A source brings the files of one kernel.
type source interface {
	// id names what fill brings: sources with equal ids bring equal files.
	// It is fit for a file name.
	id() string
	// kind is the Image's Source.
	kind() string
	// remote tells that fill needs the network.
	remote() bool
	// version is the Image's Version.
	version() string
	// fill lays the files out in dir, as package imagedir wants them.
	fill(ctx context.Context, s *Store, dir string, o *GetOptions) error
}
