//go:build linux

package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// strictDoor lets everybody wait until it is told that nobody lets them in. A room
// server's door says so after an hour.
type strictDoor struct {
	asked, over chan struct{}
	once        sync.Once
}

// lockUp puts such a door in the place of a link's.
func lockUp(t *testing.T, l *call.Link) *strictDoor {
	t.Helper()
	d := &strictDoor{asked: make(chan struct{}), over: make(chan struct{})}
	s := httptest.NewTLSServer(d)
	t.Cleanup(s.Close)
	l.Hosts = []string{s.Listener.Addr().String()}
	l.Fingerprint = sha256.Sum256(s.Certificate().Raw)
	return d
}

// ServeHTTP implements [http.Handler]. It tells a new guest to wait at once, and answers
// later questions when there is an answer.
func (d *strictDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q doorapi.JoinRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != doorapi.JoinPath {
		http.NotFound(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // then the end of the connection is noticed
	err := call.ErrWaiting
	if q.Held {
		d.once.Do(func() { close(d.asked) })
		select {
		case <-d.over:
			err = call.ErrUnanswered
		case <-time.After(doorapi.Hold):
		case <-r.Context().Done():
			return
		}
	}
	refusal, _ := doorapi.ErrorFrom(err)
	w.WriteHeader(refusal.Status())
	_ = json.NewEncoder(w).Encode(refusal)
}

// unanswered is a wait that nobody ends.
func unanswered() failedJoin {
	return failedJoin{
		name: "nobody lets us in", reason: "join_failed",
		link: func(t *testing.T, f *failing) string {
			l := f.good
			f.door = lockUp(t, &l)
			return l.String()
		},
		end: func(t *testing.T, f *failing, p *preview) time.Time {
			p.wantWaiting(func() {
				p.until("the door is asked again", func() bool {
					select {
					case <-f.door.asked:
						return true
					default:
						return false
					}
				})
			}, p.shown()...)
			began := time.Now()
			close(f.door.over)
			return began
		},
	}
}
