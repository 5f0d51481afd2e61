package host

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"foyer/engine/doorapi"
	"foyer/engine/host/metrics"
)

// TestMetrics: Prometheus reads the door's counts and LiveKit's with the admin key,
// and nobody without it.
func TestMetrics(t *testing.T) {
	s := startServer(t, nil)
	token := s.mustJoin(newGuest(t, "anna"), s.invite(nil)).Token
	anna, _ := s.mustDial(token)
	if !anna.answers() {
		t.Fatal("LiveKit does not answer")
	}
	read := func(bearer string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+metrics.Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, err := s.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	for bearer, want := range map[string]int{
		"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, token: http.StatusForbidden,
	} {
		if status, body := read(bearer); status != want || strings.Contains(body, "foyer_door") {
			t.Errorf("with %q: %d %s", bearer, status, body)
		}
	}
	raw, err := os.ReadFile(s.AdminKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	var admin doorapi.AdminKey
	if err := json.Unmarshal(raw, &admin); err != nil {
		t.Fatal(err)
	}
	status, body := read(admin.Key)
	if status != http.StatusOK {
		t.Fatalf("with the admin key: %d %s", status, body)
	}
	for _, want := range []string{
		`foyer_door_requests_total{path="/foyer/v1/join"} `, `foyer_door_refusals_total{code="unauthorized"} 2`,
		`foyer_door_refusals_total{code="forbidden"} 1`, "livekit_room_total", "go_goroutines",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for _, secret := range []string{"anna", "127.0.0.1", admin.Key} {
		if strings.Contains(body, secret) {
			t.Errorf("%q is in it", secret)
		}
	}
}
