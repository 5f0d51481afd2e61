package host

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/sfu"
	"foyer/internal/testenv"
)

// balancer stands between a door and its LiveKit, which can be replaced, and
// sends the keepers over a line of their own.
type balancer struct {
	t       testing.TB
	address string
	media   *sfu.SFU
	target  atomic.Pointer[string] // host:port of LiveKit
	keepers *line
}

func newBalancer(t testing.TB) *balancer {
	b := &balancer{t: t}
	b.restart()
	direct, keepers := &http.Transport{}, &http.Transport{}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", *b.target.Load()
			if isKeeper(p.In) {
				p.Out.URL.Host = b.keepers.address()
			}
		},
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if isKeeper(r) {
				return keepers.RoundTrip(r)
			}
			return direct.RoundTrip(r)
		}),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	b.keepers, b.address = newLine(t, *b.target.Load()), "ws://"+front.Listener.Addr().String()
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		direct.CloseIdleConnections()
		keepers.CloseIdleConnections()
		_ = b.media.Stop(context.Background())
	})
	return b
}

// restart ends LiveKit, if it runs, and starts another one, which knows nobody.
func (b *balancer) restart() {
	b.t.Helper()
	if b.media != nil {
		if err := b.media.Stop(context.Background()); err != nil {
			b.t.Fatal(err)
		}
	}
	log, _ := testenv.NewLog()
	media, err := sfu.Start(context.Background(), sfu.Config{Key: clusterKey().Key, Secret: clusterKey().Secret, Address: loopback4(), Log: log})
	if err != nil {
		b.t.Fatal(err)
	}
	b.media = media
	host := media.URL().Host
	b.target.Store(&host)
	if b.keepers != nil {
		b.keepers.moves(host)
	}
}

// moves lets new connections go elsewhere.
func (n *line) moves(to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.to = to
}

// isKeeper reports whether a hidden participant connects.
func isKeeper(r *http.Request) bool {
	token, err := auth.ParseAPIToken(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	return err == nil && keeper.IsReserved(call.Identity(token.Identity()))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// door starts a door before the balancer.
func (b *balancer) door() *testServer {
	return startServer(b.t, func(c *Config) {
		noLimits(c)
		c.LiveKitURL, c.APIKey, c.APISecret = b.address, clusterKey().Key, clusterKey().Secret
	})
}

// TestO4_KeeperIsCutOff: the keeper's own connection to LiveKit breaks, again and
// again, while people talk, come and go. It comes back; every word is stored, and
// nobody counts as lost who is not.
func TestO4_KeeperIsCutOff(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	s := b.door()
	link := s.invite(nil)
	anna, ben, carl := s.chatter(link, "anna", false), s.chatter(link, "ben", false), s.chatter(link, "carl", false)
	s.converse(anna, ben, carl)
	since := map[call.Identity]time.Time{}
	for _, c := range []*chatter{anna, ben, carl} {
		eventually(t, string(c.id)+" is online", waitTimeout, func() bool { return s.member("hall", c.id).Presence == call.PresenceOnline })
		since[c.id] = s.member("hall", c.id).PresenceSince
	}
	const n = 40
	var talking sync.WaitGroup
	talking.Go(func() { talk(t, n, 60*time.Millisecond, anna, ben) })
	var dora *chatter
	for round := range 3 {
		b.keepers.cut(true)
		if round == 1 {
			dora = s.chatter(link, "dora", false)
		}
		eventually(t, "the keeper notices", waitTimeout, func() bool { return strings.Count(s.log.String(), `msg="connection lost"`) > round })
		b.keepers.cut(false)
		eventually(t, "the keeper is back", waitTimeout, func() bool { return strings.Count(s.log.String(), "connection regained") == round+1 })
	}
	talking.Wait()
	for _, c := range []*chatter{anna, ben} {
		c.wantAll(anna, ben)
		if c.losses() != 0 {
			t.Errorf("%s is told of %d losses", c.id, c.losses())
		}
	}
	eventually(t, "dora is online", waitTimeout, func() bool { return s.member("hall", dora.id).Presence == call.PresenceOnline })
	for id, before := range since {
		if m := s.member("hall", id); m.Presence != call.PresenceOnline || !m.PresenceSince.Equal(before) {
			t.Errorf("%s counted as lost: %+v, before since %v", id, m, before)
		}
	}
	eventually(t, "every word is stored", waitTimeout, func() bool {
		stored := wordsFrom(s, anna.ids()[0])
		return len(stored) >= 2*n
	})
	if got, want := wordsFrom(s, anna.ids()[0]), texts(anna.messages()); !slices.Equal(got, want) {
		t.Errorf("stored %v\nheard  %v", got, want)
	}
	if err := carl.session.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "carl is gone", waitTimeout, func() bool { return s.member("hall", "carl").Presence == call.PresenceGone })
	if kept := strings.Count(s.log.String(), "room is kept\""); kept != 1 {
		t.Errorf("the keeper came %d times", kept)
	}
}

// keeperIn reports whether LiveKit has the keeper in a room.
func (s *testServer) keeperIn(room call.RoomID) bool {
	_, err := s.roomService(string(room)).GetParticipant(s.t.Context(), &livekit.RoomParticipantIdentity{
		Room: string(room), Identity: string(keeper.HiddenIdentity(s.api, keeper.Purpose, room)),
	})
	return err == nil
}

// wordsFrom is the history from a message on, without greetings.
func wordsFrom(s *testServer, from string) []string {
	return slices.DeleteFunc(s.history("hall", from), func(text string) bool { return text == greeting })
}

// TestO4_LiveKitIsRestarted: LiveKit ends and another one takes its place, which
// knows nobody. The room is over for those who were there; who joins again finds
// it kept, and nobody is said to be there, or lost, who is not.
func TestO4_LiveKitIsRestarted(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	s := b.door()
	link := s.invite(nil)
	anna, ben := s.chatter(link, "anna", false), s.chatter(link, "ben", false)
	s.converse(anna, ben)
	for _, id := range []call.Identity{"anna", "ben"} {
		eventually(t, "everybody is online", waitTimeout, func() bool { return s.member("hall", id).Presence == call.PresenceOnline })
	}
	b.restart()
	for _, c := range []*chatter{anna, ben} {
		eventually(t, fmt.Sprintf("%s knows that the room is over", c.id), 2*waitTimeout, func() bool { return c.end() != call.ReasonUnknown })
		if r := c.end(); r != call.ReasonRoomClosed && r != call.ReasonServerStopped {
			t.Errorf("%s: %v", c.id, r)
		}
	}
	again, carl := s.chatter(link, "anna2", false), s.chatter(link, "carl", false)
	eventually(t, "the room is kept again", 2*waitTimeout, func() bool { return s.keeperIn("hall") })
	s.converse(again, carl)
	talk(t, 5, time.Millisecond, again, carl)
	again.wantAll(again, carl)
	if got, want := wordsFrom(s, again.ids()[0]), texts(again.messages()); !slices.Equal(got, want) {
		t.Errorf("stored %v\nheard  %v", got, want)
	}
	var members doorapi.MembersAnswer
	if refusal, status := s.do(call.OpMembers, "", doorapi.RoomRequest{Room: "hall"}, &members); status != http.StatusOK {
		t.Fatalf("members: %d %+v", status, refusal)
	}
	var there []string
	for _, m := range members.Members {
		there = append(there, fmt.Sprint(m.ID, " ", m.Presence))
	}
	slices.Sort(there)
	if want := []string{"anna2 online", "carl online"}; !slices.Equal(there, want) {
		t.Errorf("members %v, want %v", there, want)
	}
	if again.losses()+carl.losses() != 0 {
		t.Error("somebody is told of a loss")
	}
}
