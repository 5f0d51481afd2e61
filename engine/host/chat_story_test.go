package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
)

const greeting = "hello"

// chatter is somebody in a room who writes down what is said.
type chatter struct {
	t       testing.TB
	id      call.Identity
	session call.Session
	said    int // messages, by talk

	mu    sync.Mutex
	met   map[call.Identity]bool
	heard []call.ChatMessage
	off   bool // chat is not stored
	lost  bool // the connection was, once
	ended call.LeaveReason
	gone  int // how often somebody was marked as lost
}

func (c *chatter) take(e call.SessionEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := e.(type) {
	case call.RulesChanged:
		c.off = e.Standing.ChatOff
	case call.SessionReconnecting:
		c.lost = true
	case call.SessionEnded:
		c.ended = e.Reason
	case call.ParticipantUpdated:
		if e.Participant.Lost {
			c.gone++
		}
	case call.ChatReceived:
		if e.Message.Text == greeting {
			c.met[e.Message.From] = true
			return
		}
		c.heard = append(c.heard, e.Message)
	}
}

func (c *chatter) messages() []call.ChatMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heard)
}

func (c *chatter) chatStored() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.off
}

func (c *chatter) wasLost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

func (c *chatter) losses() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}

// end is why the stay is over; call.ReasonUnknown while it is not.
func (c *chatter) end() call.LeaveReason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *chatter) ids() (ids []string) {
	for _, m := range c.messages() {
		ids = append(ids, m.ID)
	}
	return ids
}

// chatter lets somebody in: with Foyer's client, or as a web page, which asks
// the door for a token and knows nothing of keepers.
func (s *testServer) chatter(link call.Link, id string, web bool) *chatter {
	s.t.Helper()
	return s.chatterOf(link, newGuest(s.t, id), web)
}

func (s *testServer) chatterOf(link call.Link, g guest, web bool) *chatter {
	s.t.Helper()
	c := &chatter{t: s.t, id: g.id, met: map[call.Identity]bool{}}
	req := call.JoinRequest{Link: link, Identity: g.id, Name: "Guest " + string(g.id), Key: g.key}
	if web {
		admission := s.mustJoin(g, link).Admission(link.Hosts[0], time.Now())
		req.Admission = &admission
	}
	c.session = s.live(req, c.take)
	return c
}

// converse lets everybody greet until all have heard each other: before, LiveKit
// throws away what it cannot send.
func (s *testServer) converse(all ...*chatter) {
	s.t.Helper()
	s.kept()
	deaf := func(c *chatter) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.met, c.id)
		return len(c.met) < len(all)-1
	}
	eventually(s.t, "everybody hears the others", waitTimeout, func() bool {
		for _, c := range all {
			if _, err := c.session.SendChat(context.Background(), greeting); err != nil {
				s.t.Fatal(err)
			}
		}
		return !slices.ContainsFunc(all, deaf)
	})
}

// talk lets everybody say n messages, at a pace.
func talk(t testing.TB, n int, pace time.Duration, all ...*chatter) {
	t.Helper()
	talkWhile(t, pace, func(c *chatter) bool { return c.said < n }, all...)
}

// talkWhile lets everybody talk, at a pace, each for as long as more holds of them.
func talkWhile(t testing.TB, pace time.Duration, more func(*chatter) bool, all ...*chatter) {
	t.Helper()
	var group sync.WaitGroup
	for _, c := range all {
		group.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for ; more(c); c.said++ {
				<-tick.C
				ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
				_, err := c.session.SendChat(ctx, fmt.Sprint(c.id, " ", c.said))
				cancel()
				if err != nil {
					t.Errorf("%s, message %d: %v", c.id, c.said, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// wantAll checks that somebody has heard each message of the senders once, each
// sender's in order and from the right person. The senders have stopped talking.
func (c *chatter) wantAll(senders ...*chatter) {
	c.t.Helper()
	want, said := 0, map[call.Identity]int{}
	for _, s := range senders {
		want += s.said
		said[s.id] = s.said
	}
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s has not heard %v", c.id, c.missing(senders))
		}
	}()
	eventually(c.t, fmt.Sprintf("%s hears %d messages", c.id, want), waitTimeout, func() bool { return len(c.messages()) >= want })
	seen, next := map[string]bool{}, map[call.Identity]int{}
	for _, m := range c.messages() {
		if seen[m.ID] {
			c.t.Errorf("%s heard %q twice", c.id, m.Text)
		}
		seen[m.ID] = true
		if want := fmt.Sprint(m.From, " ", next[m.From]); m.Text != want || m.Name != "Guest "+string(m.From) {
			c.t.Errorf("%s heard %q from %s (%s), want %q", c.id, m.Text, m.From, m.Name, want)
		}
		next[m.From]++
	}
	if !maps.Equal(next, said) {
		c.t.Errorf("%s heard %v messages, want %v", c.id, next, said)
	}
}

// missing lists what somebody has not heard of the senders.
func (c *chatter) missing(senders []*chatter) (texts []string) {
	heard := map[string]bool{}
	for _, m := range c.messages() {
		heard[m.Text] = true
	}
	for _, s := range senders {
		for i := range s.said {
			if text := fmt.Sprint(s.id, " ", i); !heard[text] {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// TestChatHasOneOrder: Foyer's clients hear everybody in the order of the
// register; a web page takes part, and is told by those who speak.
func TestChatHasOneOrder(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, ben, web := s.chatter(link, "anna", false), s.chatter(link, "ben", false), s.chatter(link, "web", true)
	s.converse(anna, ben, web)
	talk(t, 60, 60*time.Millisecond, anna, ben, web)
	anna.wantAll(anna, ben, web)
	ben.wantAll(anna, ben, web)
	web.wantAll(anna, ben)
	stored := s.history("hall", anna.ids()[0])
	var told []string
	for _, m := range anna.messages() {
		told = append(told, m.Text)
	}
	if len(stored) < len(told) || !slices.Equal(stored[len(stored)-len(told):], told) {
		t.Errorf("told   %v\nstored %v", told, stored)
	}
	if a, b := anna.ids(), ben.ids(); !slices.Equal(a, b) {
		t.Errorf("anna hears %v\nben hears  %v", a, b)
	}
}

// TestChatOutlivesTheKeeper: the keeper is taken out while people talk. Nothing
// is lost, nothing comes twice, and when another keeper is there, its history is
// whole.
func TestChatOutlivesTheKeeper(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, ben, web := s.chatter(link, "anna", false), s.chatter(link, "ben", false), s.chatter(link, "web", true)
	s.converse(anna, ben, web)
	const some = 25
	var over atomic.Bool
	var talking sync.WaitGroup
	defer talking.Wait() // if a round fails, too
	defer over.Store(true)
	talking.Go(func() {
		talkWhile(t, 60*time.Millisecond, func(*chatter) bool { return !over.Load() }, anna, ben, web)
	})
	talkOn := func() {
		t.Helper()
		before := len(anna.messages())
		eventually(t, "they talk on", waitTimeout, func() bool { return len(anna.messages()) > before+some })
	}
	keeperIsThere := func() {
		t.Helper()
		eventually(t, "a keeper is there", waitTimeout, func() bool { return s.keeperIn("hall") })
	}
	talkOn()
	for range 2 {
		keeperIsThere()
		_, err := s.roomService("hall").RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{
			Room: "hall", Identity: string(keeper.HiddenIdentity(s.api, keeper.Purpose, "hall")),
		})
		if err != nil {
			t.Fatal(err)
		}
		talkOn()
	}
	keeperIsThere()
	talkOn()
	over.Store(true)
	talking.Wait()
	for _, c := range []*chatter{anna, ben} {
		c.wantAll(anna, ben, web)
	}
	web.wantAll(anna, ben)
}

// TestChatTooFast: who floods is told so, and nobody else suffers.
func TestChatTooFast(t *testing.T) {
	// Its clock runs slower later on, so that a busy machine is fast enough to
	// flood it.
	const slower = 4
	var since atomic.Pointer[time.Time]
	s := startServer(t, func(c *Config) {
		c.now = func() time.Time {
			if at := since.Load(); at != nil {
				return at.Add(time.Since(*at) / slower)
			}
			return time.Now()
		}
	})
	link := s.invite(nil)
	anna, ben := s.chatter(link, "anna", false), s.chatter(link, "ben", false)
	s.converse(anna, ben)
	now := time.Now()
	since.Store(&now)
	// Not more: a batch has so many refusals for one person.
	const senders, enough = 4, 20
	var accepted, refused atomic.Int32
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			for i := 0; i < 3*call.ChatBurst/senders && refused.Load() < enough; i++ {
				_, err := anna.session.SendChat(t.Context(), fmt.Sprint(sender, " ", i))
				switch {
				case err == nil:
					accepted.Add(1)
				case errors.Is(err, call.ErrChatTooFast):
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	said := int(accepted.Load())
	if said < call.ChatBurst/2 || refused.Load() == 0 {
		t.Errorf("%d said, %d refused", said, refused.Load())
	}
	if _, err := ben.session.SendChat(t.Context(), "and I?"); err != nil {
		t.Error(err)
	}
	for _, c := range []*chatter{anna, ben} {
		eventually(t, "all that was said is heard", waitTimeout, func() bool { return len(c.messages()) > said })
	}
	if n := len(ben.messages()); n != said+1 || len(anna.messages()) != said+1 {
		t.Errorf("ben hears %d, anna hears %d, want %d", n, len(anna.messages()), said+1)
	}
}

// TestK10_MutedChat: who is muted hears the others, and is heard again later.
func TestK10_MutedChat(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	anna, ben, web := s.chatter(link, "anna", false), s.chatter(link, "ben", false), s.chatter(link, "web", true)
	s.converse(anna, ben, web)
	s.mustDo(call.OpMute, "", doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"anna"}}, call.ResultDone)
	eventually(t, "anna may not write", waitTimeout, func() bool {
		_, err := anna.session.SendChat(t.Context(), "may I?")
		return errors.Is(err, call.ErrMuted)
	})
	if _, err := ben.session.SendChat(t.Context(), "no"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*chatter{anna, ben, web} {
		eventually(t, string(c.id)+" hears ben", waitTimeout, func() bool { return c == ben || slices.Contains(texts(c.messages()), "no") })
	}
	s.mustDo(call.OpUnmute, "", doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"anna"}}, call.ResultDone)
	eventually(t, "anna may write", waitTimeout, func() bool {
		_, err := anna.session.SendChat(t.Context(), "thanks")
		return err == nil
	})
	eventually(t, "ben hears anna", waitTimeout, func() bool { return slices.Contains(texts(ben.messages()), "thanks") })
}

func texts(messages []call.ChatMessage) (all []string) {
	for _, m := range messages {
		all = append(all, m.Text)
	}
	return all
}
