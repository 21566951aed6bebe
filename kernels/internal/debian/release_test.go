package debian

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"github.com/assay-lab/assay/kernels/internal/kerneltest"
)

var digest = strings.Repeat("ab", 32)

func TestParseRelease(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Security, "trixie-security")
	s.ValidUntil = s.Date.Add(time.Hour)
	r, err := ParseRelease(s.Sign(s.Release(digest, 42)), a.Keys, time.Now(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Is("trixie-security") || r.Is("trixie") || r.Is("bookworm-security") {
		t.Errorf("release of %s is taken for another suite", r.Suite)
	}
	if got, want := r.sums["main/binary-amd64/Packages.xz"], (indexSum{digest, 42}); got != want {
		t.Errorf("index is %v, want %v", got, want)
	}
	if err := r.Fresh(s.Date); err != nil {
		t.Errorf("expired before its time: %v", err)
	}
	if err := r.Fresh(s.Date.Add(2 * time.Hour)); !errors.Is(err, ErrExpired) {
		t.Errorf("error %v, want %v", err, ErrExpired)
	}
}

func TestReleaseIsOldSecurity(t *testing.T) {
	a := kerneltest.NewArchive(t)
	security, main := a.Suite(Security, "buster/updates"), a.Suite(Main, "buster")
	for _, tc := range []struct {
		from  *kerneltest.Suite
		suite string
		want  bool
	}{
		{security, "buster/updates", true},
		{main, "buster", true},
		{main, "buster/updates", false},
	} {
		r, err := ParseRelease(tc.from.Sign(tc.from.Release(digest, 1)), a.Keys, time.Now(), false)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Is(tc.suite); got != tc.want {
			t.Errorf("release of %s (%s) is %s: %v, want %v", r.Suite, r.Label, tc.suite, got, tc.want)
		}
	}
}

func TestParseReleaseRefuses(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "trixie")
	good := s.Sign(s.Release(digest, 42))
	stranger := *s
	stranger.Signer = kerneltest.NewKey()
	for name, data := range map[string][]byte{
		"not signed":     []byte(s.Release(digest, 42)),
		"other key":      stranger.Sign(s.Release(digest, 42)),
		"changed":        bytes.Replace(good, []byte(" 42 "), []byte(" 43 "), 1),
		"text after":     append(bytes.Clone(good), "SHA256:\n evil\n"...),
		"signature gone": good[:bytes.Index(good, []byte("-----BEGIN PGP SIGNATURE"))],
		"nothing":        nil,
		"changed digest": bytes.Replace(good, []byte("abab"), []byte("abac"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseRelease(data, a.Keys, time.Now(), false); !errors.Is(err, ErrSignature) {
				t.Errorf("error %v, want %v", err, ErrSignature)
			}
		})
	}
	t.Run("bad digest", func(t *testing.T) {
		_, err := ParseRelease(s.Sign(s.Release("beef", 42)), a.Keys, time.Now(), false)
		if err == nil || !strings.Contains(err.Error(), "bad digest line") {
			t.Errorf("error %v, want one about the digest", err)
		}
	})
}

// Text before the signed part is not part of it.
func TestParseReleaseIgnoresWhatIsBefore(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "trixie")
	r, err := ParseRelease(append([]byte("Suite: sid\n\n"), s.Sign(s.Release(digest, 42))...), a.Keys, time.Now(), false)
	if err == nil && r.Is("sid") {
		t.Error("unsigned text was believed")
	}
}

// A frozen suite outlives its keys.
func TestParseReleaseExpiredKey(t *testing.T) {
	a := kerneltest.NewArchive(t)
	s := a.Suite(Main, "buster")
	then := time.Now().Add(-5 * 365 * 24 * time.Hour)
	key := kerneltest.NewKeyUntil(then.Add(24 * time.Hour))
	s.Signer, s.Date = key, then
	data := s.Sign(s.Release(digest, 42))
	keys := openpgp.EntityList{key}
	if _, err := ParseRelease(data, keys, time.Now(), false); !errors.Is(err, ErrSignature) {
		t.Errorf("living suite, expired key: error %v, want %v", err, ErrSignature)
	}
	if _, err := ParseRelease(data, keys, time.Now(), true); err != nil {
		t.Errorf("frozen suite, key that expired since: %v", err)
	}
}

// The embedded keys are all there and of the releases the catalogue needs.
func TestKeyring(t *testing.T) {
	names := ""
	for _, key := range Keyring() {
		for _, id := range key.Identities {
			names += id.Name + "\n"
		}
	}
	for _, release := range []string{"10/buster", "11/bullseye", "12/bookworm", "13/trixie"} {
		for _, kind := range []string{"Debian Archive Automatic", "Debian Security Archive Automatic", "Debian Stable Release"} {
			found := false
			for line := range strings.Lines(names) {
				found = found || strings.Contains(line, kind) && strings.Contains(line, release)
			}
			if !found {
				t.Errorf("no key %q of %s", kind, release)
			}
		}
	}
}

// A release is read before its signature is known to be good.
func FuzzParseRelease(f *testing.F) {
	f.Add([]byte("Suite: a\nCodename: b\nDate: Thu, 19 Nov 2026 02:12:54 UTC\nSHA256:\n " + digest + " 1 main/x\n"))
	f.Add([]byte("a: b\n c\n#\n\nd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRelease(data)
		if err != nil {
			return
		}
		for name, sum := range r.sums {
			if !sha256Pattern.MatchString(sum.sha256) {
				t.Errorf("%s has digest %q", name, sum.sha256)
			}
		}
	})
}
