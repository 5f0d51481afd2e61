package roomservice_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/roomservice"
)

var key = roomservice.Key{Key: "key", Secret: "a secret that is long enough for HMAC"}

// signed notes with what rights each method of LiveKit's API was called.
type signed struct {
	next http.Handler
	mu   sync.Mutex
	by   map[string]*auth.VideoGrant
	bad  []error
}

func (s *signed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	grants, err := verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	s.mu.Lock()
	if err != nil {
		s.bad = append(s.bad, err)
	} else {
		s.by[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]] = grants
	}
	s.mu.Unlock()
	s.next.ServeHTTP(w, r)
}

func verify(raw string) (*auth.VideoGrant, error) {
	token, err := auth.ParseAPIToken(raw)
	if err != nil {
		return nil, err
	}
	_, grants, err := token.Verify(key.Secret)
	if err != nil {
		return nil, err
	}
	return grants.Video, nil
}

// newClient is a client of a LiveKit in memory, over HTTP.
func newClient(t *testing.T) (*roomservice.Client, *hosttest.LiveKit, *signed) {
	t.Helper()
	lk := &hosttest.LiveKit{}
	s := &signed{next: livekit.NewRoomServiceServer(lk), by: map[string]*auth.VideoGrant{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := roomservice.New(u, key, 5*time.Minute)
	t.Cleanup(c.Close)
	return c, lk, s
}

// TestCallsAreSigned: each call has a token of our key, and one about a room has
// the rights of that room alone.
func TestCallsAreSigned(t *testing.T) {
	c, lk, s := newClient(t)
	lk.Enter("hall", &livekit.ParticipantInfo{Identity: "anna"})
	ctx := t.Context()
	_, ensured := c.Ensure(ctx, "hall")
	_, listed := c.List(ctx)
	_, found := c.Participant(ctx, roomservice.Place{Room: "hall", Identity: "anna"})
	told := c.Tell(ctx, "hall", nil, doorapi.Notice{Kind: doorapi.NoticeLost, ID: "anna"})
	if err := errors.Join(ensured, listed, found, told); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bad) > 0 {
		t.Error(s.bad)
	}
	for method, room := range map[string]string{
		"CreateRoom": "", "ListRooms": "", "GetParticipant": "hall", "SendData": "hall",
	} {
		if g := s.by[method]; g == nil || g.Room != room || g.RoomAdmin != (room != "") {
			t.Errorf("%s: %+v", method, g)
		}
	}
}

// TestWhoIsThere: what works for people is not counted among them, and a room that
// is not open is empty.
func TestWhoIsThere(t *testing.T) {
	c, lk, _ := newClient(t)
	ctx := t.Context()
	if people, err := c.People(ctx, "hall"); err != nil || len(people) != 0 {
		t.Errorf("a closed room: %v, %v", people, err)
	}
	lk.Enter("hall",
		&livekit.ParticipantInfo{Identity: "anna"},
		&livekit.ParticipantInfo{Identity: "camera", Kind: livekit.ParticipantInfo_INGRESS},
		&livekit.ParticipantInfo{Identity: "agent", Kind: livekit.ParticipantInfo_AGENT},
		&livekit.ParticipantInfo{Identity: "recorder", Kind: livekit.ParticipantInfo_EGRESS},
		&livekit.ParticipantInfo{Identity: "keeper", Permission: &livekit.ParticipantPermission{Hidden: true}},
		&livekit.ParticipantInfo{Identity: "gone", State: livekit.ParticipantInfo_DISCONNECTED},
	)
	here, err := c.Here(ctx, "hall")
	if err != nil || len(here) != 2 || !here["anna"] || !here["camera"] {
		t.Errorf("here: %v, %v", here, err)
	}
	if names, err := c.List(ctx); err != nil || !slices.Equal(names, []string{"hall"}) {
		t.Errorf("rooms: %v, %v", names, err)
	}
	if sid, err := c.Find(ctx, "hall"); err != nil || sid != "RM_hall" {
		t.Errorf("session: %q, %v", sid, err)
	}
	if _, err := c.Find(ctx, "attic"); !errors.Is(err, call.ErrNoSuchRoom) {
		t.Errorf("a closed room: %v", err)
	}
}

// TestRemoveTriesAgain: LiveKit does not answer about a session that begins or ends
// at this moment.
func TestRemoveTriesAgain(t *testing.T) {
	c, lk, _ := newClient(t)
	lk.Enter("hall", &livekit.ParticipantInfo{Identity: "anna"})
	lk.Busy(3)
	if err := c.Remove(t.Context(), "hall", "anna"); err != nil {
		t.Errorf("remove: %v", err)
	}
	if got := lk.Done(); !slices.Equal(got, []string{"remove anna"}) {
		t.Errorf("done: %v", got)
	}
	if err := c.Remove(t.Context(), "hall", "anna"); !errors.Is(err, call.ErrAlreadyGone) {
		t.Errorf("once more: %v", err)
	}
	lk.Busy(1)
	if err := c.Remove(t.Context(), "hall", "anna"); err != nil {
		t.Errorf("nobody is there, and LiveKit did not say so at first: %v", err)
	}
	lk.Enter("hall", &livekit.ParticipantInfo{Identity: "ben"})
	lk.Busy(1 << 30)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Remove(ctx, "hall", "ben"); err == nil || errors.Is(err, call.ErrAlreadyGone) {
		t.Errorf("somebody who stays: %v", err)
	}
}

// TestGone: what is said about somebody who is not there.
func TestGone(t *testing.T) {
	c, lk, _ := newClient(t)
	lk.Enter("hall")
	ctx := t.Context()
	_, found := c.Participant(ctx, roomservice.Place{Room: "hall", Identity: "anna"})
	_, permitted := c.Change(ctx, roomservice.Place{Room: "hall", Identity: "anna"}, roomservice.Change{})
	for what, err := range map[string]error{"find": found, "change": permitted} {
		if !errors.Is(err, call.ErrAlreadyGone) || roomservice.IgnoreGone(err) != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := c.Mute(ctx, "hall", "anna", "TR_1"); err != nil {
		t.Errorf("mute: %v", err)
	}
	if err := c.TellOne(ctx, "hall", "anna", doorapi.Notice{Kind: doorapi.NoticeMuted}); err == nil {
		t.Error("somebody who is not there confirms a notice")
	}
	if err := c.Dismiss(ctx, "attic"); !errors.Is(err, call.ErrNoSuchRoom) {
		t.Errorf("dismiss: %v", err)
	}
	if broken := errors.New("broken"); !errors.Is(roomservice.IgnoreGone(broken), broken) {
		t.Error("another error is ignored")
	}
}

// TestNoAnswer: an error of LiveKit's is neither a missing room nor a missing person.
func TestNoAnswer(t *testing.T) {
	c := roomservice.New(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}, key, time.Minute)
	t.Cleanup(c.Close)
	ctx := t.Context()
	_, ensured := c.Ensure(ctx, "hall")
	_, found := c.Find(ctx, "hall")
	_, people := c.People(ctx, "hall")
	_, person := c.Participant(ctx, roomservice.Place{Room: "hall", Identity: "anna"})
	for what, err := range map[string]error{
		"ensure": ensured, "find": found, "people": people, "participant": person, "dismiss": c.Dismiss(ctx, "hall"),
	} {
		if err == nil || errors.Is(err, call.ErrNoSuchRoom) || errors.Is(err, call.ErrAlreadyGone) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
