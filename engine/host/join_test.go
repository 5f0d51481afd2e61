package host

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/internal/testenv"
)

// newDeadDoor is a door whose LiveKit is not there: whoever is let through gets
// a bad gateway.
func newDeadDoor(t testing.TB) *door {
	data, err := loadFolder(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return newDoorBefore(t, &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, data)
}

// newDoorBefore is a door without limits before some LiveKit.
func newDoorBefore(t testing.TB, upstream *url.URL, data *folder) *door {
	log, _ := testenv.NewLog()
	conf := Config{Listen: "127.0.0.1:0", Data: data.dir.Path(""), Log: log}
	noLimits(&conf)
	s, err := conf.check()
	if err != nil {
		t.Fatal(err)
	}
	reg, err := register.Open(context.Background(), data.file(databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(s, data, reg, upstream)
	t.Cleanup(func() {
		d.close()
		_ = reg.Close()
	})
	return d
}

// FuzzJoin: whatever comes as a join, the door answers with a refusal of the
// protocol, and never with a token.
func FuzzJoin(f *testing.F) {
	d := newDeadDoor(f)
	g := newGuest(f, "anna")
	req := doorapi.JoinRequest{Room: "hall", Secret: "s", Identity: "anna", Name: "Anna"}
	if err := req.Sign(g.key, d.data.fingerprint, time.Now()); err != nil {
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

// FuzzRoomParameter: what is read is what was written.
func FuzzRoomParameter(f *testing.F) {
	for _, s := range []string{`"hall"`, `12`, `-1`, `1e3`, `1.0`, `null`, `{}`, `"50%"`, `99999999999999999999999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p doorapi.RoomParameter
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		again, err := json.Marshal(p)
		var q doorapi.RoomParameter
		if err != nil || json.Unmarshal(again, &q) != nil || q != p {
			t.Fatalf("%q became %q", p, q)
		}
	})
}
