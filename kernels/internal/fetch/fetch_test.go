package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// content is what the servers of these tests serve.
var content = []byte(strings.Repeat("all work and no play ", 20_000))

func wanted(urls ...string) File {
	sum := sha256.Sum256(content)
	return File{URLs: urls, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// client is a Client that does not dawdle.
func client() *Client {
	c := New(&http.Transport{})
	c.HTTP.Transport.(*Watch).Limit = 200 * time.Millisecond
	c.Pause = time.Millisecond
	return c
}

// serve starts a server; h answers its n-th request, counted from 1.
func serve(t *testing.T, h func(n int32, w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(n.Add(1), w, r) }))
	t.Cleanup(s.Close)
	return s.URL + "/file"
}

func sendAll(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "file", time.Time{}, strings.NewReader(string(content)))
}

// half sends the first half and breaks off.
func half(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "420000")
	_, _ = w.Write(content[:len(content)/2])
	panic(http.ErrAbortHandler)
}

func noWait(string) {}

func TestFetch(t *testing.T) {
	for name, tc := range map[string]struct {
		part   string // what an earlier attempt left
		answer func(n int32, w http.ResponseWriter, r *http.Request)
	}{
		"whole": {answer: func(_ int32, w http.ResponseWriter, r *http.Request) { sendAll(w, r) }},
		"resumes what broke off": {answer: func(n int32, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				half(w)
			}
			if want := "bytes="; !strings.HasPrefix(r.Header.Get("Range"), want) {
				http.Error(w, "no range asked for", http.StatusBadRequest)
				return
			}
			sendAll(w, r)
		}},
		"resumes an earlier attempt": {part: string(content[:1000]), answer: func(_ int32, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "bytes=1000-" {
				http.Error(w, "wrong range", http.StatusBadRequest)
				return
			}
			sendAll(w, r)
		}},
		"drops a damaged earlier attempt": {part: "something else", answer: func(_ int32, w http.ResponseWriter, r *http.Request) { sendAll(w, r) }},
		"drops one that is too long":      {part: string(content) + "more", answer: func(_ int32, w http.ResponseWriter, r *http.Request) { sendAll(w, r) }},
		"server knows no ranges": {part: string(content[:1000]), answer: func(_ int32, w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			sendAll(w, r)
		}},
		"server is busy at first": {answer: func(n int32, w http.ResponseWriter, r *http.Request) {
			if n < 3 {
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			sendAll(w, r)
		}},
		"server stalls at first": {answer: func(n int32, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				w.Header().Set("Content-Length", "420000")
				_, _ = w.Write(content[:5000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return
			}
			sendAll(w, r)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dst := filepath.Join(t.TempDir(), "dst")
			if tc.part != "" {
				if err := os.WriteFile(dst+".part", []byte(tc.part), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var last int64
			sink := func(done, total int64) { last = done }
			if err := client().Fetch(t.Context(), dst, wanted(serve(t, tc.answer)), sink, noWait); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(dst); err != nil || string(got) != string(content) {
				t.Errorf("got %d bytes, %v; want what the server has", len(got), err)
			}
			if last != int64(len(content)) {
				t.Errorf("progress ended at %d, want %d", last, len(content))
			}
			left, err := filepath.Glob(dst + ".*")
			if err != nil || len(left) > 0 {
				t.Errorf("%v are left, want nothing", left)
			}
		})
	}
}

func TestFetchFails(t *testing.T) {
	missing := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	other := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(strings.ToUpper(string(content))))
	})
	longer := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(append([]byte(string(content)), 'x'))
	})
	shorter := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { _, _ = w.Write(content[1:]) })
	stalls := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "420000")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, tc := range map[string]struct {
		urls   []string
		want   error
		denied bool
	}{
		"not found":                  {[]string{missing}, ErrNotFound, true},
		"not found anywhere":         {[]string{missing, missing}, ErrNotFound, true},
		"wrong contents":             {[]string{other}, ErrDigest, false},
		"longer":                     {[]string{longer}, ErrDigest, false},
		"shorter":                    {[]string{shorter}, nil, false},
		"stalls":                     {[]string{stalls}, ErrStalled, false},
		"not found here, dead there": {[]string{missing, dead.URL}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			dst := filepath.Join(t.TempDir(), "dst")
			err := client().Fetch(t.Context(), dst, wanted(tc.urls...), nil, noWait)
			var fe *Error
			if !errors.As(err, &fe) {
				t.Fatalf("error %v, want an *Error", err)
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if fe.Denied() != tc.denied {
				t.Errorf("denied: %v, want %v", fe.Denied(), tc.denied)
			}
			if strings.Contains(fe.Brief(), "\n") {
				t.Errorf("brief reason has several lines: %q", fe.Brief())
			}
			if _, err := os.Stat(dst); err == nil {
				t.Error("the file appeared")
			}
		})
	}
}

func TestFetchGoesOn(t *testing.T) {
	missing := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	wrong := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("<html>Log in!</html>")) })
	good := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { sendAll(w, r) })
	dst := filepath.Join(t.TempDir(), "dst")
	if err := client().Fetch(t.Context(), dst, wanted(missing, wrong, good), nil, noWait); err != nil {
		t.Fatal(err)
	}
}

func TestFetchHasIt(t *testing.T) {
	dst := filepath.Join(t.TempDir(), "dst")
	if err := os.WriteFile(dst, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := client().Fetch(t.Context(), dst, wanted("http://127.0.0.1:1/"), nil, noWait); err != nil {
		t.Errorf("asked the network for a file that is there: %v", err)
	}
}

// Two that want the same file at once make one download.
func TestFetchTwice(t *testing.T) {
	var requests atomic.Int32
	release := make(chan struct{})
	url := serve(t, func(n int32, w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		<-release
		sendAll(w, r)
	})
	dst := filepath.Join(t.TempDir(), "dst")
	done := make(chan error, 2)
	var once atomic.Bool
	wait := func(string) {
		if once.CompareAndSwap(false, true) {
			close(release)
		}
	}
	for range 2 {
		go func() { done <- New(&http.Transport{}).Fetch(context.Background(), dst, wanted(url), nil, wait) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if requests.Load() != 1 || !once.Load() {
		t.Errorf("%d requests, waited %v; want 1, true", requests.Load(), once.Load())
	}
}

func TestCancel(t *testing.T) {
	url := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "420000")
		_, _ = w.Write(content[:5000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	dst := filepath.Join(t.TempDir(), "dst")
	err := New(&http.Transport{}).Fetch(ctx, dst, wanted(url), func(int64, int64) { cancel() }, noWait)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if st, err := os.Stat(dst + ".part"); err != nil || st.Size() == 0 {
		t.Errorf("part: %v, want what had come", err)
	}
}

func TestGet(t *testing.T) {
	url := serve(t, func(_ int32, w http.ResponseWriter, r *http.Request) { sendAll(w, r) })
	if b, err := client().Get(t.Context(), url, int64(len(content))); err != nil || string(b) != string(content) {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	if _, err := client().Get(t.Context(), url, 10); !errors.Is(err, ErrDigest) {
		t.Errorf("error %v, want %v for more than was allowed", err, ErrDigest)
	}
}

func TestFileURL(t *testing.T) {
	src := filepath.Join(t.TempDir(), "src")
	if err := os.WriteFile(src, content, 0o644); err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "dst")
	if err := os.WriteFile(dst+".part", content[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := New(nil).Fetch(t.Context(), dst, wanted("file://"+src), nil, noWait); err != nil {
		t.Fatal(err)
	}
}

func TestRedact(t *testing.T) {
	if got, want := Redact("https://me:secret@example.org/x"), "https://me:xxxxx@example.org/x"; got != want {
		t.Errorf("Redact = %q, want %q", got, want)
	}
}
