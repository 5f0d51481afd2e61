package update

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/private"
)

const (
	day       = 24 * time.Hour
	timeLimit = time.Minute // of one question, on a busy computer
)

// noon is when the first answer of a test was issued.
var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// publisher is a server of https, with what it answers.
type publisher struct {
	*httptest.Server
	key ed25519.PrivateKey

	mu     sync.Mutex
	answer http.HandlerFunc
	asked  []*http.Request
}

// newKey is a publisher without a server.
func newKey(t *testing.T) *publisher {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &publisher{key: key}
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := newKey(t)
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r)
		answer := p.answer
		p.mu.Unlock()
		answer(w, r)
	}))
	p.EnableHTTP2 = true
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) says(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *publisher) text(text string) {
	p.says(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

// sign is an answer as sign-update.sh makes it.
func (p *publisher) sign(version string, issued time.Time) string {
	return p.signText(fmt.Sprintf(
		`{"program":"foyer","version":%q,"page":"https://foyer.example/get","issued":%q}`+"\n", version, issued.Format(time.RFC3339)))
}

func (p *publisher) signText(text string) string {
	return base64.StdEncoding.EncodeToString(ed25519.Sign(p.key, []byte(text))) + "\n" + text
}

// reader is a profile whose window asks.
type reader struct {
	t    *testing.T
	conf Config
	log  *test.Hook
	told []Release
}

func (p *publisher) reader(t *testing.T, version string) *reader {
	t.Helper()
	dir, err := private.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	trusted, address := x509.NewCertPool(), "https://127.0.0.1:1"
	if p.Server != nil {
		trusted.AddCert(p.Certificate())
		address = p.URL
	}
	log, hook := test.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	r := &reader{t: t, log: hook}
	r.conf = Config{
		URL: address + "/latest", Key: base64.StdEncoding.EncodeToString(p.key.Public().(ed25519.PublicKey)), Version: version,
		Dir: dir, Log: log, TLS: &tls.Config{RootCAs: trusted}, Limit: timeLimit, Now: func() time.Time { return noon },
		Tell: func(n Release) { r.told = append(r.told, n) },
	}
	return r
}

func (r *reader) checker() *Checker {
	r.t.Helper()
	c, err := New(r.conf)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// ask asks as a start of the program does, a day after the one before.
func (r *reader) ask() error {
	c := r.checker()
	k := c.load()
	err := c.ask(r.t.Context(), &k)
	c.tell(k.news)
	return err
}

func (r *reader) last() string {
	if len(r.told) == 0 {
		return ""
	}
	return r.told[len(r.told)-1].Version
}

func TestANewerReleaseIsTold(t *testing.T) {
	p := newKey(t)
	for own, want := range map[string]string{
		"0.1.0": "0.10.0", "v0.9.9": "0.10.0", "0.1.0-dev": "0.10.0", "v0.9.0-12-gabcdef-dirty": "0.10.0",
		"0.1.0~git12.abc": "0.10.0", "0.10.0": "", "v0.10.0-3-gabc": "",
		"0.10.0~git12.abc": "0.10.0", "0.10.0+git3.abc": "", "0.10.1~git1.abc": "", "0.10.1": "", "1.0.0": "",
	} {
		a, err := open([]byte(p.sign("0.10.0", noon)), p.key.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		r := p.reader(t, own)
		r.checker().tell(a)
		if r.last() != want || want != "" && r.told[0].Page != "https://foyer.example/get" {
			t.Errorf("%s was told %v", own, r.told)
		}
	}
}

// Nothing else than the release is told with the question, the second time either.
func TestTheQuestionSaysNothingElse(t *testing.T) {
	p := newPublisher(t)
	p.says(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "who=you; Max-Age=99999")
		w.Header().Set("ETag", `"you"`)
		w.Header().Set("Last-Modified", "Tue, 01 Dec 2026 12:00:00 GMT")
		if r.URL.Path == "/latest" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		fmt.Fprint(w, p.sign("0.2.0", noon))
	})
	r := p.reader(t, "v0.1.0-12-gabcdef-dirty")
	for range 2 {
		if err := r.ask(); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.asked) != 4 {
		t.Fatalf("asked %d times", len(p.asked))
	}
	for _, q := range p.asked {
		if len(q.Header) != 1 || q.Header.Get("User-Agent") != "foyer/0.1.0" || q.Method != http.MethodGet || q.URL.RawQuery != "" {
			t.Errorf("told %s %s %v", q.Method, q.URL, q.Header)
		}
	}
}

// What is no answer of the publisher's is none.
func TestTextsThatAreNoAnswers(t *testing.T) {
	p, other := newKey(t), newKey(t)
	good := p.sign("0.2.0", noon)
	public := p.key.Public().(ed25519.PublicKey)
	if _, err := open([]byte(good), public); err != nil {
		t.Fatal(err)
	}
	text := good[strings.IndexByte(good, '\n')+1:]
	with := func(program, version, page, issued string) string {
		return p.signText(fmt.Sprintf(`{"program":%q,"version":"%s","page":%q,"issued":%q}`, program, version, page, issued))
	}
	const at = "2026-12-01T12:00:00Z"
	for name, raw := range map[string]string{
		"unsigned":          text,
		"no signature":      "\n" + text,
		"short signature":   "AAAA\n" + text,
		"another's":         other.sign("0.2.0", noon),
		"altered":           strings.Replace(good, "0.2.0", "0.3.0", 1),
		"more behind":       good + " ",
		"cut off":           good[:len(good)-5],
		"empty":             "",
		"garbage":           "\x00\xff<html>",
		"signed garbage":    p.signText("<html>"),
		"another program":   with("other", "0.2.0", "https://x.example", at),
		"no time":           with("foyer", "0.2.0", "https://x.example", "0001-01-01T00:00:00Z"),
		"no version":        with("foyer", "new", "https://x.example", at),
		"version with more": with("foyer", `0.2.0\u202e`, "https://x.example", at),
		"version with tail": with("foyer", "0.2.0-rc1", "https://x.example", at),
		"page of http":      with("foyer", "0.2.0", "http://x.example", at),
		"page of a file":    with("foyer", "0.2.0", "file:///etc/passwd", at),
		"page of a user":    with("foyer", "0.2.0", "https://foyer.example@x.example", at),
		"long page":         with("foyer", "0.2.0", "https://x.example/"+strings.Repeat("x", maxPage), at),
	} {
		if a, err := open([]byte(raw), public); err == nil {
			t.Errorf("%s: read %+v", name, a)
		}
	}
}

// Whatever else a server does is no answer: nothing is told, and the next question is
// asked all the same.
func TestBadServers(t *testing.T) {
	p := newPublisher(t)
	good := p.sign("0.2.0", noon)
	huge := strings.Repeat("x", maxAnswer)
	r := p.reader(t, "0.1.0")
	says := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	for name, answer := range map[string]http.HandlerFunc{
		"unsigned":        says(good[strings.IndexByte(good, '\n')+1:]),
		"altered":         says(strings.Replace(good, "0.2.0", "0.3.0", 1)),
		"garbage":         says("<html>"),
		"huge and signed": says(p.signText(strings.TrimSpace(good[strings.IndexByte(good, '\n')+1:]) + strings.Repeat(" ", maxAnswer))),
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := fmt.Fprint(w, huge); err != nil {
					return
				}
			}
		},
		"huge header": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 9 {
				w.Header().Set(fmt.Sprintf("X-%d", i), huge)
			}
			fmt.Fprint(w, good)
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, good[:9])
			w.(http.Flusher).Flush()
			<-r.Context().Done() // the asking side has given up
		},
		"silent":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"missing": http.NotFound,
		"server error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, good)
		},
		"round and round": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/latest", http.StatusFound) },
		"out of https": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(p.URL, "https", "http", 1), http.StatusFound)
		},
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		p.says(answer)
		r.conf.Limit = timeLimit
		if name == "slow" || name == "silent" {
			r.conf.Limit = 300 * time.Millisecond
		}
		if err := r.ask(); err == nil || errors.Is(err, context.DeadlineExceeded) != (r.conf.Limit != timeLimit) || len(r.told) != 0 {
			t.Errorf("%s: told %v, %v", name, r.told, err)
		}
	}
	r.conf.Limit = timeLimit
	p.says(says(good))
	if err := r.ask(); err != nil || r.last() != "0.2.0" {
		t.Errorf("afterwards told %v, %v", r.told, err)
	}
	p.Close()
	if err := r.ask(); err == nil || r.last() != "0.2.0" {
		t.Errorf("offline: told %v, %v", r.told, err)
	}
}

// What was issued before the answer that is known changes nothing, at the next start
// either. What is issued later replaces it: a release can be withdrawn.
func TestOlderAnswersAreNoNews(t *testing.T) {
	p := newPublisher(t)
	r := p.reader(t, "0.1.0")
	p.text(p.sign("0.3.0", noon.Add(day)))
	if err := r.ask(); err != nil || r.last() != "0.3.0" {
		t.Fatalf("told %v, %v", r.told, err)
	}
	for _, replayed := range []string{p.sign("0.1.0", noon), p.sign("0.2.0", noon), p.sign("9.0.0", noon)} {
		p.text(replayed)
		if err := r.ask(); err == nil || r.last() != "0.3.0" {
			t.Errorf("an older answer was told: %v", r.told)
		}
	}
	// Nor does one that no later one could replace for a year.
	p.text(p.sign("0.4.0", noon.Add(365*day)))
	if err := r.ask(); !errors.Is(err, ErrGarbage) || r.last() != "0.3.0" {
		t.Errorf("an answer of the next year was told: %v, %v", r.told, err)
	}
	p.text(p.sign("0.2.1", noon.Add(2*day)))
	if err := r.ask(); err != nil || r.last() != "0.2.1" {
		t.Errorf("told %v, %v", r.told, err)
	}
}

// What somebody writes into the file is not believed.
func TestWhatIsRememberedIsSigned(t *testing.T) {
	p := newPublisher(t)
	p.text(p.sign("0.2.0", noon))
	r := p.reader(t, "0.1.0")
	if err := r.ask(); err != nil {
		t.Fatal(err)
	}
	file := r.conf.Dir.Path(fileName)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	forged := newKey(t).sign("9.0.0", noon.Add(day))
	for name, content := range map[string]string{
		"garbage": "{", "empty": "", "forged": fmt.Sprintf(`{"answer":%q}`, base64.StdEncoding.EncodeToString([]byte(forged))),
		"huge": `{"x":"` + strings.Repeat("x", maxFile) + `"}`, "null": "null",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if k := r.checker().load(); k.news != (answer{}) || !k.Asked.IsZero() {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

// Without an address and a key that can be used there is nothing.
func TestNotBuilt(t *testing.T) {
	good := newKey(t).reader(t, "0.1.0").conf
	for name, change := range map[string]func(*Config){
		"no address": func(c *Config) { c.URL = "" }, "no key": func(c *Config) { c.Key = "" },
		"http": func(c *Config) { c.URL = "http://foyer.example" }, "no URL": func(c *Config) { c.URL = "://" },
		"short key": func(c *Config) { c.Key = "AAAA" }, "no version": func(c *Config) { c.Version = "5908c8a" },
	} {
		conf := good
		change(&conf)
		if _, err := New(conf); err == nil {
			t.Errorf("%s: there is a checker", name)
		}
	}
	var none *Checker
	none.Set(true)
	none.Close()
}

// The clock of a checker: one question a day, none while it is off, and none within an
// hour of one that failed. Offline it says nothing but a line of the log.
func TestTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, err := private.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		log, hook := test.NewNullLogger()
		log.SetLevel(logrus.DebugLevel)
		c, err := New(Config{
			URL: "https://127.0.0.1:1/", Key: base64.StdEncoding.EncodeToString(make([]byte, 32)), Version: "0.1.0", Dir: dir, Log: log,
			Tell: func(r Release) { t.Errorf("told %v", r) },
		})
		if err != nil {
			t.Fatal(err)
		}
		asked := func(d time.Duration) int {
			before := len(hook.AllEntries())
			time.Sleep(d) // the bubble's clock
			synctest.Wait()
			for _, e := range hook.AllEntries()[before:] {
				if e.Level < logrus.InfoLevel {
					t.Errorf("it is said aloud: %s", e.Message)
				}
			}
			return len(hook.AllEntries()) - before
		}
		c.Start(true)
		for _, step := range []struct {
			d    time.Duration
			want int
		}{{firstDelay - 1, 0}, {time.Second, 1}, {retry - time.Minute, 0}, {2 * time.Minute, 1}} {
			if n := asked(step.d); n != step.want {
				t.Errorf("%d questions in %v, want %d", n, step.d, step.want)
			}
		}
		c.Set(false)
		if n := asked(3 * day); n != 0 {
			t.Errorf("asked %d times while it is off", n)
		}
		c.Set(true)
		if n := asked(time.Minute); n != 1 {
			t.Errorf("asked %d times after it was turned on", n)
		}
		c.Close()
	})
}

// The whole: a window that starts, is turned off and on, and starts again.
func TestCheckerTells(t *testing.T) {
	p := newPublisher(t)
	p.text(p.sign("0.2.0", noon))
	r := p.reader(t, "0.1.0")
	told := make(chan Release, 1)
	r.conf.Tell = func(n Release) { told <- n }
	r.conf.Delay = time.Millisecond
	newest := Release{"0.2.0", "https://foyer.example/get"}
	want := func(what string, w Release) {
		t.Helper()
		select {
		case got := <-told:
			if got != w {
				t.Errorf("%s: told %+v", what, got)
			}
		case <-time.After(timeLimit):
			t.Fatalf("%s: nothing is told", what)
		}
	}
	c := r.checker()
	c.Start(true)
	want("started", newest)
	c.Set(false)
	want("off", Release{})
	c.Set(true)
	want("on", newest)
	c.Close()
	p.says(func(http.ResponseWriter, *http.Request) { t.Error("it was asked twice a day") })
	again := r.checker()
	again.Start(true)
	want("started again", newest)
	again.Close()
}

// What the publisher's script signs is understood.
func TestSignedByTheScript(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl, with which releases are signed; runs on Debian and Ubuntu")
	}
	key := filepath.Join(t.TempDir(), "key.pem")
	run := func(name string, args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), name, args...).Output()
		return string(out), err
	}
	if _, err := run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key); err != nil {
		t.Fatal(err)
	}
	const script = "../../scripts/sign-update.sh"
	public, err := run(script, key)
	if err != nil {
		t.Fatal(err)
	}
	r := newKey(t).reader(t, "0.1.0")
	r.conf.Key = strings.TrimSpace(public)
	text, err := run(script, key, "v0.2.0", "https://foyer.example/get?a=1")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := open([]byte(text), r.checker().key); err != nil || a.Version != "0.2.0" || a.Page != "https://foyer.example/get?a=1" {
		t.Errorf("read %+v, %v", a, err)
	}
	for _, wrong := range [][]string{{key, "new", "https://x.example"}, {key, "0.2.0", "http://x.example"}, {key, "0.2.0", `https://x"`}} {
		if _, err := run(script, wrong...); err == nil {
			t.Errorf("it signs %v", wrong[1:])
		}
	}
}

func FuzzAnswer(f *testing.F) {
	public, private, _ := ed25519.GenerateKey(nil)
	f.Add(`{"program":"foyer","version":"0.2.0","page":"https://x.example","issued":"2026-12-01T12:00:00Z"}`)
	f.Add("<html>")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := open([]byte(base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(text)))+"\n"+text), public)
		if err == nil && (!isHTTPS(a.Page) || !versionForm.MatchString(a.Version) || strings.ContainsAny(a.Version, " \n")) {
			t.Errorf("read %+v", a)
		}
		if a, err := open([]byte(text), public); err == nil {
			t.Errorf("read %+v without a signature", a)
		}
	})
}
