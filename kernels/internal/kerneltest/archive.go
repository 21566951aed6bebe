package kerneltest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// An Archive is a Debian archive of one's own, served over HTTP on loopback:
// pools and signed indexes, below /debian and /debian-security. It is safe for
// concurrent use.
type Archive struct {
	URL  string             // of the server, above the archives' roots
	Keys openpgp.EntityList // that sign its indexes

	mu        sync.Mutex
	files     map[string][]byte // by path
	requests  []string          // "GET /path"
	suites    map[string]*Suite
	signer    *openpgp.Entity
	Intercept func(w http.ResponseWriter, r *http.Request) bool // if not nil, may answer
}

// A Suite is one suite of an Archive.
type Suite struct {
	archive    *Archive
	root       string // "/debian" or "/debian-security"
	name       string
	records    []string
	Codename   string
	SuiteName  string // what its release file says; by default the name
	Label      string
	Date       time.Time
	ValidUntil time.Time // zero for none
	Signer     *openpgp.Entity
}

// NewArchive starts an archive that lives as long as the test.
func NewArchive(t testing.TB) *Archive {
	a := &Archive{files: map[string][]byte{}, suites: map[string]*Suite{}, signer: NewKey()}
	a.Keys = openpgp.EntityList{a.signer}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	a.URL = srv.URL
	return a
}

// NewKey makes a key that can sign.
func NewKey() *openpgp.Entity { return NewKeyUntil(time.Now().Add(365 * 24 * time.Hour)) }

// NewKeyUntil makes a key, ten years old, that expires at the time until.
func NewKeyUntil(until time.Time) *openpgp.Entity {
	born := time.Now().Add(-10 * 365 * 24 * time.Hour)
	key, err := openpgp.NewEntity("test archive", "", "test@example.org", &packet.Config{
		Algorithm:       packet.PubKeyAlgoEdDSA,
		Time:            func() time.Time { return born },
		KeyLifetimeSecs: uint32(until.Sub(born).Seconds()),
	})
	must(err)
	return key
}

// Suite returns a suite of the archive, making it if need be. The archive is
// "debian" or "debian-security".
func (a *Archive) Suite(archive, name string) *Suite {
	key := archive + " " + name
	if s := a.suites[key]; s != nil {
		return s
	}
	code, _, _ := strings.Cut(name, "/")
	s := &Suite{archive: a, root: "/" + archive, name: name, Codename: code, SuiteName: name, Label: "Debian", Date: time.Now(), Signer: a.signer}
	if archive == "debian-security" {
		s.Label = "Debian-Security"
	}
	a.suites[key] = s
	return s
}

// Put places a file.
func (a *Archive) Put(path string, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[path] = data
}

// File returns a file that was placed, nil if there is none.
func (a *Archive) File(path string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.files[path]
}

// Drop takes away the files whose paths contain part.
func (a *Archive) Drop(part string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range a.files {
		if strings.Contains(p, part) {
			delete(a.files, p)
		}
	}
}

// Replace changes the files whose paths contain part.
func (a *Archive) Replace(part string, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p := range a.files {
		if strings.Contains(p, part) {
			a.files[p] = data
		}
	}
}

// Requests returns the requests so far whose line contains part.
func (a *Archive) Requests(part string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var some []string
	for _, r := range a.requests {
		if strings.Contains(r, part) {
			some = append(some, r)
		}
	}
	return some
}

// ServeHTTP implements http.Handler.
func (a *Archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests = append(a.requests, r.Method+" "+r.URL.Path)
	data, ok := a.files[r.URL.Path]
	intercept := a.Intercept
	a.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(data))
}

// Add puts a package into the pool and lists it. Fields are further lines of
// its record, such as "Depends: x". It returns the pool path and the digest.
func (s *Suite) Add(name, version string, deb []byte, fields ...string) (path, digest string) {
	_, noEpoch, found := strings.Cut(version, ":")
	if !found {
		noEpoch = version
	}
	path = fmt.Sprintf("pool/main/l/linux/%s_%s_amd64.deb", name, noEpoch)
	sum := sha256.Sum256(deb)
	digest = hex.EncodeToString(sum[:])
	s.archive.Put(s.root+"/"+path, deb)
	record := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nDescription: test\n with a second line\nFilename: %s\nSize: %d\nSHA256: %s\n",
		name, version, path, len(deb), digest)
	for _, f := range fields {
		record += f + "\n"
	}
	s.records = append(s.records, record)
	return path, digest
}

// AddKernel adds the packages of a kernel in a layout of KernelFiles.
func (s *Suite) AddKernel(layout, version string, k Kernel) {
	for part, files := range KernelFiles(layout, k) {
		s.Add("linux-"+part+"-"+k.Release, version, Deb("xz", files))
	}
	if layout == "binary" || layout == "modules" {
		s.Add("linux-image-"+k.Release, version, Deb("xz", Files{}), "Depends: linux-binary-"+k.Release+" (= "+version+")")
	}
}

// Publish writes and signs the suite's indexes.
func (s *Suite) Publish() {
	packages := XZ([]byte(strings.Join(s.records, "\n")))
	sum := sha256.Sum256(packages)
	digest := hex.EncodeToString(sum[:])
	dists := s.root + "/dists/" + s.name
	s.archive.Put(dists+"/main/binary-amd64/Packages.xz", packages)
	s.archive.Put(dists+"/main/binary-amd64/by-hash/SHA256/"+digest, packages)
	s.archive.Put(dists+"/InRelease", s.Sign(s.Release(digest, len(packages))))
}

// Release is the text of the suite's release file.
func (s *Suite) Release(digest string, size int) string {
	text := fmt.Sprintf("Origin: Debian\nLabel: %s\nSuite: %s\nCodename: %s\nDate: %s\n",
		s.Label, s.SuiteName, s.Codename, s.Date.UTC().Format(time.RFC1123))
	if !s.ValidUntil.IsZero() {
		text += "Valid-Until: " + s.ValidUntil.UTC().Format(time.RFC1123) + "\n"
	}
	return text + fmt.Sprintf("Acquire-By-Hash: yes\nSHA256:\n %s %d main/binary-amd64/Packages.xz\n", digest, size)
}

// Sign signs a text in the clear, at the suite's date.
func (s *Suite) Sign(text string) []byte {
	var b bytes.Buffer
	w, err := clearsign.Encode(&b, s.Signer.PrivateKey, &packet.Config{Time: func() time.Time { return s.Date }})
	must(err)
	_, err = w.Write([]byte(text))
	must(err)
	must(w.Close())
	b.WriteByte('\n')
	return b.Bytes()
}
