package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/internal/pause"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is everything around a keeper, played by the test.
type world struct {
	t    *testing.T
	k    *Keeper
	sink func(call.SessionEvent)
	end  context.CancelFunc
	done chan error

	mu           sync.Mutex
	members      map[call.Identity]register.Member
	rules        call.RoomRules
	lines        []register.ChatLine
	writes       int   // of chat
	broken       error // of every write
	slow         time.Duration
	exits        []Exit
	putErr       error
	dismissed    []call.SID
	dropped      []call.SID
	notices      []doorapi.NoticeKind
	muteEnforced []call.Identity // asked about
	slowMute     time.Duration
	closed       int
	batches      []doorapi.ChatBatch
	told         []time.Time // when
	sizes        []int       // of their packets
	deaf         error       // of SendData
}

const session = call.SID("RM_1")

// play starts a keeper in a bubble of virtual time and runs f there.
func play(t *testing.T, prepare func(*world), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, members: map[call.Identity]register.Member{}, done: make(chan error, 1)}
		if prepare != nil {
			prepare(w)
		}
		log := logrus.New()
		log.SetOutput(io.Discard)
		w.k = New(Config{Room: "hall", Dial: w.dial, Store: w, Remover: w, Teller: w, MuteEnforcer: w, Log: log})
		ctx, cancel := context.WithCancel(t.Context())
		w.end = cancel
		go func() { w.done <- w.k.Run(ctx) }()
		synctest.Wait()
		f(w)
		cancel()
		synctest.Wait()
		select {
		case <-w.k.over:
		case <-time.After(2 * time.Second):
			t.Error("the keeper does not end")
		}
		if w.closed != 1 {
			t.Errorf("the session was closed %d times", w.closed)
		}
	})
}

func (w *world) dial(_ context.Context, sink func(call.SessionEvent)) (Room, error) {
	w.sink = sink
	return w, nil
}

func (w *world) SendChat(_ context.Context, text string) (call.ChatMessage, error) {
	return call.ChatMessage{ID: "by-" + text, From: "keeper", Name: "Keeper", Text: text}, nil
}

func (w *world) SendData(_ context.Context, topic string, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf != nil {
		return w.deaf
	}
	var b doorapi.ChatBatch
	if err := json.Unmarshal(payload, &b); err != nil || topic != doorapi.TopicBatch {
		w.t.Errorf("%s %q: %v", topic, payload, err)
	}
	w.batches, w.told, w.sizes = append(w.batches, b), append(w.told, time.Now()), append(w.sizes, len(payload))
	return nil
}

func (w *world) Leave(context.Context) error { return nil }

func (w *world) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed++
	return nil
}

func (w *world) Members(context.Context, call.RoomID) ([]register.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []register.Member
	for _, m := range w.members {
		all = append(all, m)
	}
	return all, nil
}

func (w *world) Member(_ context.Context, _ call.RoomID, id call.Identity) (register.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.members[id]
	if !ok {
		return m, register.ErrNotFound
	}
	return m, nil
}

func (w *world) Rules(context.Context, call.RoomID) (call.RoomRules, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rules, nil
}

func (w *world) SetPresence(_ context.Context, m register.Member) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	old := w.members[m.Identity]
	old.Identity, old.Name, old.Presence, old.PresenceSince, old.SID = m.Identity, m.Name, m.Presence, m.PresenceSince, m.SID
	w.members[m.Identity] = old
	return nil
}

func (w *world) AppendChat(ctx context.Context, lines []register.ChatLine) error {
	if w.slow > 0 {
		_ = pause.For(ctx, w.slow)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.broken != nil:
		return w.broken
	case ctx.Err() != nil:
		return ctx.Err()
	case len(lines) > 0:
		w.writes++
		w.lines = append(w.lines, lines...)
	}
	return nil
}

func (w *world) DropChat(_ context.Context, _ call.RoomID, session call.SID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropped = append(w.dropped, session)
	return nil
}

func (w *world) Removed(_ context.Context, e Exit) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.putErr == nil {
		w.exits = append(w.exits, e)
	}
	return w.putErr
}

func (w *world) Dismissed(_ context.Context, _ call.RoomID, session call.SID, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dismissed = append(w.dismissed, session)
	return nil
}

func (w *world) EnforceMute(ctx context.Context, _ call.RoomID, id call.Identity) error {
	w.mu.Lock()
	w.muteEnforced = append(w.muteEnforced, id)
	w.mu.Unlock()
	_ = pause.For(ctx, w.slowMute)
	return nil
}

func (w *world) Tell(_ context.Context, _ call.RoomID, n doorapi.Notice) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notices = append(w.notices, n.Kind)
	return nil
}

// after lets virtual time pass.
func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) roster(people ...call.Participant) {
	w.sink(call.RosterReplaced{Room: "hall", SessionID: session, Opened: time.Now().Add(-time.Hour), Participants: people})
	w.settle()
}

// settle waits until what the keeper knows is in the register.
func (w *world) settle() {
	synctest.Wait()
	w.after(w.k.limits.Gather + time.Millisecond)
}

func person(id call.Identity, sid call.SID) call.Participant {
	return call.Participant{Identity: id, SID: sid, Name: "Name of " + string(id), Generation: 1}
}

func (w *world) join(id call.Identity) {
	w.sink(call.ParticipantJoined{Participant: person(id, "PA_"+call.SID(id))})
	w.settle()
}

func (w *world) leave(id call.Identity, reason call.LeaveReason) {
	w.sink(call.ParticipantLeft{Participant: person(id, "PA_"+call.SID(id)), Reason: reason})
	w.settle()
}

// say is n messages of one sender, slowly enough for every limit.
func (w *world) say(from call.Identity, n int) {
	for range n {
		w.sink(call.ChatReceived{Message: call.ChatMessage{ID: fmt.Sprint("m", time.Now().UnixNano()), From: from, Text: "text"}})
		w.after(time.Second / call.ChatPerSecond)
	}
}

func (w *world) presence(id call.Identity) call.Presence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.members[id].Presence
}

func (w *world) wantExits(want ...call.Identity) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []call.Identity
	for _, e := range w.exits {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("removed: %v, want %v", got, want)
	}
}

func (w *world) wantNotices(want ...doorapi.NoticeKind) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.notices, want) {
		w.t.Errorf("told %v, want %v", w.notices, want)
	}
}

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

var errBroken = errors.New("disk is full")
