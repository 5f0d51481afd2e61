package host

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/doorapi"
)

// A guest's clock does not matter: they get in, they hear the truth about a ban
// by their own clock, and a recorded join stays of no use.
func TestTheGuestsClockDoesNotMatter(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	for _, off := range []time.Duration{-30 * 365 * 24 * time.Hour, -3 * time.Hour, -11 * time.Minute, 0, 11 * time.Minute, 48 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			now := func() time.Time { return time.Now().Add(off) }
			g := newGuest(t, "ada "+off.String())
			req := call.JoinRequest{Link: link, Name: "Ada", Identity: g.id, Key: g.key}
			dialer := client.New(client.Config{Now: now})
			a, err := dialer.Admit(t.Context(), req)
			if err != nil {
				t.Fatalf("not admitted: %v", err)
			}
			if d := a.Clock + off; d.Abs() > 10*time.Second {
				t.Errorf("the server's clock is %v from ours, want %v", a.Clock, -off)
			}
			s.mustDo(call.OpBan, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{g.id}, Minutes: 60}, "done")
			_, err = dialer.Admit(t.Context(), req)
			var ban *call.BannedError
			if !errors.As(err, &ban) {
				t.Fatalf("banned: %v", err)
			}
			if d := ban.Until.Sub(now()) - time.Hour; d.Abs() > 10*time.Second {
				t.Errorf("the ban ends in %v by the guest's clock", ban.Until.Sub(now()))
			}
		})
	}
}

// A server whose clock jumps keeps nobody out, and lets no recorded join in.
func TestTheServersClockJumps(t *testing.T) {
	t.Parallel()
	var jumped atomic.Int64
	s := startServer(t, func(c *Config) {
		c.now = func() time.Time { return time.Now().Round(0).Add(time.Duration(jumped.Load())) }
	})
	link := s.invite(nil)
	ada := newGuest(t, "ada")
	recorded := ada.request(t, link)
	if _, refusal, status := s.join(recorded); status != http.StatusOK {
		t.Fatalf("%d %+v", status, refusal)
	}
	for i, jump := range []time.Duration{45 * time.Minute, 90 * time.Minute, 0, -24 * time.Hour, 365 * 24 * time.Hour, 0} {
		jumped.Store(int64(jump))
		if _, refusal, status := s.join(recorded); status == http.StatusOK {
			t.Errorf("jump %d to %v: the recorded join lets in: %+v", i, jump, refusal)
		}
		g := newGuest(t, "guest"+string(rune('a'+i)))
		if _, err := client.New(client.Config{}).Admit(t.Context(), call.JoinRequest{Link: link, Name: "Guest", Identity: g.id, Key: g.key}); err != nil {
			t.Errorf("jump %d to %v: %v", i, jump, err)
		}
	}
}
