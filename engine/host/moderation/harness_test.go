package moderation_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/keeper"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/internal/testenv"
)

// bench is a moderator of a LiveKit in memory, with a register of its own.
type bench struct {
	t     *testing.T
	mod   *moderation.Moderator
	reg   *register.Register
	lk    *hosttest.LiveKit
	clock time.Time

	mu        sync.Mutex
	enforced  []string // with the notices before each
	refreshed int
}

// Of, Refresh and Say implement moderation.Keepers: no keeper is here.
func (b *bench) Of(call.RoomID) *keeper.Keeper { return nil }

func (b *bench) Refresh(call.RoomID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refreshed++
}

func (b *bench) Say(_ context.Context, _ call.RoomID, text string) (call.ChatMessage, error) {
	return call.ChatMessage{ID: "said", Text: text, At: b.clock}, nil
}

// enforce notes whom LiveKit is told about, and what they had heard by then.
func (b *bench) enforce(_ context.Context, who roomservice.Place) error {
	told := "unheard"
	if slices.ContainsFunc(b.lk.Told(), func(n hosttest.Told) bool { return n.Notice.ID == who.Identity }) {
		told = "told"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enforced = append(b.enforced, string(who.Identity)+" "+told)
	return nil
}

func (b *bench) enforcedOnes() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(slices.Values(b.enforced))
}

// newBench has a room "hall", open, with nobody in it.
func newBench(t *testing.T) *bench {
	t.Helper()
	reg, err := register.Open(t.Context(), filepath.Join(t.TempDir(), "foyer.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	log, _ := testenv.NewLog()
	b := &bench{t: t, reg: reg, lk: &hosttest.LiveKit{}, clock: time.UnixMilli(1_700_000_000_000)}
	b.mod = moderation.New(moderation.Config{
		Register: reg, Rooms: roomservice.Over(b.lk, time.Minute), Keepers: b, Enforce: b.enforce,
		Log: log, Now: func() time.Time { return b.clock },
	})
	b.must(reg.AddInvitation(t.Context(), register.Invitation{Room: "hall"}, "The hall", b.clock))
	b.lk.Enter("hall")
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// join makes members of one installation with a role each, who are in the room.
func (b *bench) join(role call.Role, ids ...call.Identity) {
	b.t.Helper()
	key := hosttest.NewKey(b.t)
	for _, id := range ids {
		m, err := b.reg.Bind(b.t.Context(), register.Member{
			Room: "hall", Identity: id, Key: key.Public().(ed25519.PublicKey), Name: "Guest " + string(id), Role: call.RoleParticipant,
		}, b.clock)
		b.must(err)
		if m.Role != role {
			b.must(b.reg.SetRole(b.t.Context(), "hall", id, role))
		}
		b.must(b.reg.SetPresence(b.t.Context(), register.Member{
			Room: "hall", Identity: id, SID: "PA_1", Presence: call.PresenceOnline, PresenceSince: b.clock,
		}))
		b.lk.Enter("hall", &livekit.ParticipantInfo{
			Identity: string(id), Name: m.Name,
			Attributes: map[string]string{doorapi.AttributeMember: "tag", doorapi.AttributeGeneration: "1"},
		})
	}
}

func (b *bench) member(id call.Identity) register.Member {
	b.t.Helper()
	m, err := b.reg.Member(b.t.Context(), "hall", id)
	b.must(err)
	return m
}

var (
	admin  = moderation.Caller{Admin: true}
	host   = moderation.Caller{Room: "hall", Identity: "host", Name: "The host", Role: call.RoleHost}
	cohost = moderation.Caller{Room: "hall", Identity: "cohost", Name: "The co-host", Role: call.RoleCoHost}
)

// do does an operation, as the door does, and returns the answer.
func do[A any](b *bench, op call.Operation, who moderation.Caller, request any) (A, error) {
	b.t.Helper()
	raw, err := json.Marshal(request)
	b.must(err)
	for _, o := range b.mod.Operations() {
		if o.Op != op {
			continue
		}
		answer, err := o.Answer(b.t.Context(), who, "hall", raw)
		a, _ := answer.(A)
		return a, err
	}
	b.t.Fatalf("no operation %s", op)
	panic("unreachable")
}

// wants does an operation about people and compares their results.
func (b *bench) wants(op call.Operation, who moderation.Caller, request any, want ...string) {
	b.t.Helper()
	answer, err := do[doorapi.PeopleAnswer](b, op, who, request)
	b.must(err)
	var got []string
	for _, r := range answer.Results {
		got = append(got, string(r.ID)+" "+r.Result)
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("%s: %v, want %v", op, got, want)
	}
}

func people(ids ...call.Identity) doorapi.PeopleRequest {
	return doorapi.PeopleRequest{Room: "hall", IDs: ids}
}
