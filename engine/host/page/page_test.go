package page_test

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"foyer/engine/host/limits"
	"foyer/engine/host/page"
)

const maxLoad = 400_000 // bytes that the first load may cost, packed

func newPage(l limits.Limits) *page.Page {
	return page.New(map[string][]byte{"words/en.json": []byte(`{}`), "icons/mic.svg": []byte(`<svg/>`)}, l, time.Now)
}

// answer is what came of a request.
type answer struct {
	StatusCode int
	Header     http.Header
	Body       io.Reader
}

func get(t *testing.T, p http.Handler, path string, header ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://door"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body}
}

func body(t *testing.T, r answer) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Everything has a fixed type and the policy, whatever is asked for.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := newPage(limits.Default())
	for path, kind := range map[string]string{
		"/j/": "text/html; charset=utf-8", "/j/main.js": "text/javascript; charset=utf-8", "/j/page.css": "text/css; charset=utf-8",
		"/j/words/en.json": "application/json", "/j/icons/mic.svg": "image/svg+xml", "/j/nothing.html": "text/plain; charset=utf-8",
	} {
		r := get(t, p, path)
		policy := r.Header.Get("Content-Security-Policy")
		if r.Header.Get("Content-Type") != kind || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
			r.Header.Get("Referrer-Policy") != "no-referrer" || len(r.Header.Values("Set-Cookie")) > 0 ||
			!strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			r.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %v", path, r.Header)
		}
		if strings.HasSuffix(path, "nothing.html") != (r.StatusCode == http.StatusNotFound) {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

// The page has no script, style or address of others in it.
func TestNothingInline(t *testing.T) {
	t.Parallel()
	html := body(t, get(t, newPage(limits.Default()), "/j/"))
	for _, bad := range []string{`<style`, ` style=`, ` on[a-z]+=`, `https?:`, `<script>`} {
		if m := regexp.MustCompile(bad).FindString(html); m != "" {
			t.Errorf("index.html has %q", m)
		}
	}
	files, err := filepath.Glob("files/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == page.LiveKit {
			continue
		}
		for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http:", "document.cookie"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
}

// LiveKit's client is the one of npm, and the page takes no other.
func TestLiveKitIsUnchanged(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("files", page.LiveKit))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != page.LiveKitHash {
		t.Errorf("its hash is %x", sum)
	}
	sum := sha512.Sum384(text)
	html := body(t, get(t, newPage(limits.Default()), "/j/"))
	if want := `integrity="sha384-` + base64.StdEncoding.EncodeToString(sum[:]) + `"`; !strings.Contains(html, want) {
		t.Errorf("index.html lacks %s", want)
	}
	source := filepath.Join("..", "..", "..", "e2e", "browser", "node_modules", "livekit-client", "dist", page.LiveKit)
	if npm, err := os.ReadFile(source); err == nil && string(npm) != string(text) {
		t.Error("it is not that of e2e/browser/package.json")
	}
}

// What a first visit loads, packed, is small; asked for again it is not sent.
func TestSize(t *testing.T) {
	t.Parallel()
	p := newPage(limits.Default())
	sum := 0
	names := []string{""}
	files, err := os.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	for _, name := range names {
		r := get(t, p, "/j/"+name, "Accept-Encoding", "gzip, deflate, br")
		packed := body(t, r)
		sum += len(packed)
		unpacked, err := gzip.NewReader(strings.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(unpacked)
		if err != nil || string(raw) != body(t, get(t, p, "/j/"+name)) {
			t.Errorf("%s is another one packed: %v", name, err)
		}
		again := get(t, p, "/j/"+name, "If-None-Match", r.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("%s again: %d", name, again.StatusCode)
		}
	}
	t.Logf("%d bytes", sum)
	if sum > maxLoad {
		t.Errorf("the page costs %d bytes", sum)
	}
}

// No path leads out of the files, and a flood of one address is refused.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	l := limits.Default()
	l.PageFiles, l.PageFileBurst = 1e-9, 10
	p := newPage(l)
	for _, path := range []string{"/j/../door.pem", "/j/%2e%2e/door.pem", "/j/files/index.html", "/j//", "/j/words/", "/j/main.js%00", `/j/..\door.pem`} {
		if r := get(t, p, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	if r := get(t, p, "/j/?"+strings.Repeat("x=1&", 20_000)); r.StatusCode != http.StatusOK {
		t.Errorf("a huge query: %d", r.StatusCode)
	}
	for range 5 {
		get(t, p, "/j/")
	}
	if r := get(t, p, "/j/"); r.StatusCode != http.StatusTooManyRequests || len(body(t, r)) > 100 {
		t.Errorf("after a flood: %d", r.StatusCode)
	}
}
