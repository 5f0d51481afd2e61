// Package page serves the page by which guests join in a browser, without Foyer. It is
// files alone, from the program itself: what a guest does goes through the door's other
// routes. The secret of an invitation stays in the browser, after the # of the address.
//
// The files of this package are served as they are, and need no build. The client of
// LiveKit among them is the one of npm; its hash stands here and in index.html.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/limits"
)

// Path is where a door serves the page.
const Path = call.WebPath

// LiveKit is the client of LiveKit, from the npm package livekit-client 2.23.0
// (dist/livekit-client.umd.js), and LiveKitHash its SHA-256.
const (
	LiveKit     = "livekit-client.umd.js"
	LiveKitHash = "fb646f2260d84f91238d0a2dc10726c456631d6a26c7cafc43cfee5959b4d31d"
)

const index = "index.html"

//go:embed files
var own embed.FS

// types are those of all files that there are: nothing is guessed.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

// headers go with each answer. The policy lets the page load nothing but its own files,
// talk to nobody but its door, and be framed by nobody; text cannot become markup.
// There is no Strict-Transport-Security: nobody could get past the warning about a
// certificate that the door has made itself.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'",
	"Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), " +
		"autoplay=(self), geolocation=(), usb=(), serial=(), hid=(), payment=(), clipboard-read=()",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Frame-Options":              "DENY",
	"X-Robots-Tag":                 "noindex, nofollow",
	"Cache-Control":                "no-cache", // it is asked for each time, and sent if it is another
	"Vary":                         "Accept-Encoding",
}

// file is one that is served.
type file struct {
	kind   string
	tag    string // ETag
	raw    []byte
	packed func() []byte // with gzip
}

// Page serves the page. Its methods may be called from any goroutine.
type Page struct {
	files map[string]file
	rates *limits.Rates[netip.Prefix]
	now   func() time.Time
}

// New makes a page of the files of this package and more, by their names: what it says
// in each language, and icons.
func New(more map[string][]byte, l limits.Limits, now func() time.Time) *Page {
	p := &Page{
		files: map[string]file{}, now: now,
		rates: limits.NewRates[netip.Prefix](l.PageFiles, l.PageFileBurst, l.Addresses),
	}
	entries, err := own.ReadDir("files")
	if err != nil {
		panic(err) // embedded: a broken build
	}
	for _, e := range entries {
		raw, err := own.ReadFile("files/" + e.Name())
		if err != nil {
			panic(err)
		}
		p.add(e.Name(), raw)
	}
	for name, raw := range more {
		p.add(name, raw)
	}
	return p
}

func (p *Page) add(name string, raw []byte) {
	kind := types[path.Ext(name)]
	if kind == "" {
		panic("a file of no known type: " + name)
	}
	sum := sha256.Sum256(raw)
	p.files[name] = file{
		kind: kind, tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, raw: raw,
		packed: sync.OnceValue(func() []byte { return pack(raw) }),
	}
}

func pack(raw []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(raw)                                   // memory does not fail
	_ = w.Close()
	return b.Bytes()
}

// ServeHTTP answers a request for a file below Path. The names are fixed: no path is
// opened.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range headers {
		h.Set(name, value)
	}
	if !p.rates.Take(limits.Origin(r.RemoteAddr), p.now()) {
		h.Set("Retry-After", "10")
		refuse(w, http.StatusTooManyRequests)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, Path)
	if name == "" {
		name = index
	}
	f, ok := p.files[name]
	if !ok {
		refuse(w, http.StatusNotFound)
		return
	}
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.raw
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever asked is gone if it fails
	}
}

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status) + "\n"))
}
