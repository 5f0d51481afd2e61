package acmecert

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"foyer/engine/call/reach"
	"foyer/engine/private"
	"foyer/internal/testenv"
)

func problem(status int, kind, after string) error {
	e := &acme.Error{StatusCode: status, ProblemType: "urn:ietf:params:acme:error:" + kind}
	if after != "" {
		e.Header = http.Header{"Retry-After": {after}}
	}
	return fmt.Errorf("order: %w", e)
}

// TestPauses: no authority is asked more often than it wants, and none that wants to be
// asked never again is believed.
func TestPauses(t *testing.T) {
	gone := &url.Error{Op: "Get", URL: "https://ca.test", Err: errors.New("no route")}
	for _, tt := range []struct {
		failed   int
		err      error
		state    reach.CertificateState
		from, to time.Duration
	}{
		{1, gone, reach.Unreachable, unreachablePause, 2 * unreachablePause},
		{1, problem(503, "serverInternal", ""), reach.Unreachable, unreachablePause, 2 * unreachablePause},
		{1, context.DeadlineExceeded, reach.Unreachable, unreachablePause, 2 * unreachablePause},
		{1, problem(403, "unauthorized", ""), reach.Denied, refusedPause, 2 * refusedPause},
		{3, problem(403, "unauthorized", ""), reach.Denied, 4 * refusedPause, 5 * refusedPause},
		{1 << 30, problem(403, "unauthorized", ""), reach.Denied, maxPause, 2 * maxPause},
		{1, problem(429, "rateLimited", ""), reach.Limited, refusedPause, 2 * refusedPause},
		{1, problem(429, "rateLimited", "3600"), reach.Limited, time.Hour, 2 * time.Hour},
		{1, problem(429, "rateLimited", "999999999"), reach.Limited, 4 * maxPause, 5 * maxPause},
		{1, problem(429, "rateLimited", "-5"), reach.Limited, refusedPause, 2 * refusedPause},
	} {
		if got := stateOf(tt.err); got != tt.state {
			t.Errorf("%v is %s", tt.err, got)
		}
		if got := pauseAfter(tt.failed, tt.err); got < tt.from || got > tt.to {
			t.Errorf("%d times %v: %v", tt.failed, tt.err, got)
		}
	}
}

// TestRenewalIsDue: a third before the end, and thirty days at most.
func TestRenewalIsDue(t *testing.T) {
	now := time.Now()
	for life, want := range map[time.Duration]time.Duration{
		9 * time.Hour: 6 * time.Hour, 90 * 24 * time.Hour: 60 * 24 * time.Hour, 365 * 24 * time.Hour: 335 * 24 * time.Hour,
	} {
		got := dueIn(&x509.Certificate{NotBefore: now, NotAfter: now.Add(life)}, now)
		if got > want || got < want-life/20 {
			t.Errorf("one of %v is renewed after %v", life, got)
		}
	}
	if dueIn(&x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now}, now) != 0 {
		t.Error("one that is over waits")
	}
}

// TestSpoiledStore: what is no store is replaced, and the account's key survives the next
// certificate.
func TestSpoiledStore(t *testing.T) {
	for _, text := range []string{"", "{", "null", `{"account":"x","domain":"a.test","chain":"y","key":"z"}`} {
		dir, err := private.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		if err := os.WriteFile(filepath.Join(dir.Path(""), storeFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		log, _ := testenv.NewLog()
		r := New(Config{Domain: "a.test", Dir: dir, Log: log})
		if r.untilRenewal(time.Now()) != 0 {
			t.Errorf("%q: has a certificate", text)
		}
		first, err := r.store.account()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if again, err := r.store.account(); err != nil || !again.Equal(first) {
			t.Errorf("%q: another account, %v", text, err)
		}
	}
}
