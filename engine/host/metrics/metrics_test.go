package metrics

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// scrape returns what Prometheus reads.
func scrape(t *testing.T, d *Door) string {
	t.Helper()
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	return w.Body.String()
}

func TestDoor(t *testing.T) {
	d := New()
	inside := make(chan struct{})
	leave := make(chan struct{})
	h := d.Count("/rtc", func(http.ResponseWriter, *http.Request) { close(inside); <-leave })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/rtc", nil))
	}()
	<-inside
	d.Refused("banned")
	for _, want := range []string{
		`foyer_door_requests_total{path="/rtc"} 1`, `foyer_door_requests_open{path="/rtc"} 1`,
		`foyer_door_refusals_total{code="banned"} 1`, "go_goroutines ",
	} {
		if got := scrape(t, d); !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	close(leave)
	<-ended
	if got := scrape(t, d); !strings.Contains(got, `foyer_door_requests_open{path="/rtc"} 0`) {
		t.Errorf("a request that has ended is open:\n%s", got)
	}
	if got := scrape(t, New()); strings.Contains(got, "banned") {
		t.Error("two doors share their counts")
	}
}
