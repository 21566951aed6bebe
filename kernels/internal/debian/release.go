package debian

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Errors of a suite's index.
var (
	// ErrSignature: the index is not signed by any key of the keyring.
	ErrSignature = errors.New("bad signature")
	// ErrExpired: the index is past its Valid-Until. Whoever serves it may
	// be holding back newer ones.
	ErrExpired = errors.New("index has expired")
)

// A Release is the signed root of a suite's indexes (the file InRelease): it
// names every index by its digest.
type Release struct {
	Suite, Codename, Label string
	Date                   time.Time
	ValidUntil             time.Time // zero if it never expires
	sums                   map[string]indexSum
}

// indexSum is what a Release says of one index.
type indexSum struct {
	sha256 string
	size   int64
}

// ParseRelease verifies the signature of an InRelease file at the time now and
// returns what is in it. It does not look at ValidUntil; see Release.Fresh. The
// index of a frozen suite may be older than its keys live, so it is verified at
// the time it was signed.
func ParseRelease(data []byte, keys openpgp.KeyRing, now time.Time, frozen bool) (*Release, error) {
	block, rest := clearsign.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%w: no signed text", ErrSignature)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: unsigned text after the signed", ErrSignature)
	}
	r, err := parseRelease(block.Plaintext)
	if err != nil {
		return nil, err
	}
	if frozen {
		now = r.Date.Add(time.Hour) // signing takes a while
	}
	cfg := &packet.Config{Time: func() time.Time { return now }}
	_, err = openpgp.CheckDetachedSignature(keys, bytes.NewReader(block.Bytes), block.ArmoredSignature.Body, cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return r, nil
}

func parseRelease(text []byte) (*Release, error) {
	all := paragraphs(bytes.NewReader(text))
	if len(all) != 1 {
		return nil, fmt.Errorf("release file has %d paragraphs", len(all))
	}
	p := all[0]
	r := &Release{Suite: p["suite"], Codename: p["codename"], Label: p["label"], sums: map[string]indexSum{}}
	var err error
	if r.Date, err = parseDate(p["date"]); err != nil {
		return nil, fmt.Errorf("release file: date: %w", err)
	}
	if v := p["valid-until"]; v != "" {
		if r.ValidUntil, err = parseDate(v); err != nil {
			return nil, fmt.Errorf("release file: valid-until: %w", err)
		}
	}
	for line := range strings.Lines(p["sha256"]) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || !sha256Pattern.MatchString(f[0]) {
			return nil, fmt.Errorf("release file: bad digest line %q", strings.TrimSpace(line))
		}
		r.sums[f[2]] = indexSum{f[0], size}
	}
	return r, nil
}

// parseDate reads the dates of release files; "UTC" is all Debian writes.
func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC1123, time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("bad date %q", s)
}

// Fresh fails with ErrExpired if the release is past its ValidUntil at now.
func (r *Release) Fresh(now time.Time) error {
	if r.ValidUntil.IsZero() || now.Before(r.ValidUntil) {
		return nil
	}
	return fmt.Errorf("%w on %s", ErrExpired, r.ValidUntil.UTC().Format(time.DateOnly))
}

// Is tells whether the release is the one of the suite asked for, and not
// another one that is signed just as well.
func (r *Release) Is(suite string) bool {
	if name, ok := strings.CutSuffix(suite, "/updates"); ok { // security, until Debian 10
		suite = name
		if r.Label != "Debian-Security" {
			return false
		}
	}
	for _, own := range []string{r.Suite, r.Codename} {
		if strings.TrimSuffix(own, "/updates") == suite {
			return true
		}
	}
	return false
}
