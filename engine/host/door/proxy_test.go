package door

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"foyer/engine/internal/silent"
)

// LiveKit works for each byte of a User-Agent, and keeps it.
func TestLiveKitGetsShortUserAgents(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	livekit := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.UserAgent() }))
	t.Cleanup(livekit.Close)
	upstream, err := url.Parse(livekit.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newProxy(upstream, silent.Log(), func(*http.Response) error { return nil }, nil)
	for _, n := range []int{0, 1, maxUserAgent, maxUserAgent + 1, 100 << 10} {
		agent := strings.Repeat("a", n)
		r := httptest.NewRequest(http.MethodGet, "/rtc", nil)
		if n > 0 {
			r.Header.Set("User-Agent", agent)
			r.Header.Add("User-Agent", agent)
		}
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		if want := agent[:min(n, maxUserAgent)]; <-got != want {
			t.Errorf("of %d bytes LiveKit does not get %d", n, len(want))
		}
	}
}
