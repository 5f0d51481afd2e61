package door

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
)

// FuzzJoin: whatever comes as a join, the door answers with a refusal of the
// protocol, and never with a token.
func FuzzJoin(f *testing.F) {
	d := newDeadDoor(f)
	req := doorapi.JoinRequest{Room: "hall", Secret: "s", Identity: "anna", Name: "Anna"}
	if err := req.Sign(hosttest.NewKey(f), d.fingerprint, time.Now()); err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(req)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"room":"hall","time":9223372036854775807,"key":"AA==","nonce":null}`))
	f.Add([]byte(`{"room":5}`))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, doorapi.JoinPath, strings.NewReader(string(body)))
		d.http.Handler.ServeHTTP(w, r)
		var refusal doorapi.Error
		if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil || refusal.Code == "" {
			t.Fatalf("answer %d %q", w.Code, w.Body)
		}
		if w.Code < 400 || w.Code >= 500 {
			t.Fatalf("status %d %+v", w.Code, refusal)
		}
	})
}
