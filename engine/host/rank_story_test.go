package host

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/keeper"
	"foyer/engine/host/moderation"
	"foyer/engine/host/roomservice"
	"foyer/internal/testenv"
)

// enterAs lets an installation in as somebody.
func (s *testServer) enterAs(g guest, id call.Identity, role call.Role) (string, *wire) {
	s.t.Helper()
	g.id = id
	answer := s.mustJoin(g, s.invite(func(r *doorclient.InviteRequest) { r.Role = role }))
	w, _ := s.mustDial(answer.Token)
	return answer.Token, w
}

// TestK8_BanOfAnotherSelf: who may not ban somebody does not reach them by
// another identity of the same installation either.
func TestK8_BanOfAnotherSelf(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	boss, other := newGuest(t, "host"), newGuest(t, "guest")
	host, _ := s.enterAs(boss, "host", call.RoleHost)
	s.enterAs(boss, "host-as-guest", call.RoleParticipant)
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	s.enterAs(other, "guest", call.RoleParticipant)
	_, another := s.enterAs(other, "another", call.RoleListener)
	s.mustDo(call.OpBan, cohost, people("hall", "host-as-guest"), call.ResultForbidden)
	if got := s.inRoom("hall"); len(got) != 5 {
		t.Errorf("in the room: %v", got)
	}
	s.mustDial(host) // not banned
	s.mustDo(call.OpBan, cohost, people("hall", "guest"), call.ResultDone)
	if r := another.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("the other identity is told %v", r)
	}
	s.mustDo(call.OpBan, "", people("hall", "host-as-guest"), call.ResultDone)
	if _, status, err := s.dial(host, ""); err == nil || status != http.StatusForbidden {
		t.Errorf("after a ban by the host's tools: %d %v", status, err)
	}
}

// TestK10_UnmuteAllByCoHost: nobody lifts a mute of their own, or of somebody
// whom they do not outrank.
func TestK10_UnmuteAllByCoHost(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	host, _ := s.as(call.RoleHost, "host")
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	s.as(call.RoleCoHost, "second")
	s.as(call.RoleParticipant, "guest")
	all := doorapi.MuteRequest{Room: "hall", All: true}
	s.mustDo(call.OpMute, host, doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"cohost", "second", "guest"}}, call.ResultDone, call.ResultDone, call.ResultDone)
	s.mustDo(call.OpUnmute, cohost, all, call.ResultDone)
	for id, want := range map[call.Identity]bool{"cohost": true, "second": true, "guest": false} {
		if m := s.member("hall", id); m.Muted != want {
			t.Errorf("%s is muted: %v", id, m.Muted)
		}
	}
	s.mustDo(call.OpUnmute, host, all, call.ResultDone, call.ResultDone, call.ResultDone)
	if m := s.member("hall", "cohost"); m.Muted {
		t.Error("a host does not lift it")
	}
}

// TestK8_RanksOfBansAndLists: a co-host lifts no bans of the host's, and the
// allow list is about those below.
func TestK8_RanksOfBansAndLists(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	host, _ := s.as(call.RoleHost, "host")
	cohost, _ := s.as(call.RoleCoHost, "cohost")
	s.as(call.RoleParticipant, "guest")
	s.mustDo(call.OpAllow, cohost, people("hall", "host", "cohost", "guest"), call.ResultForbidden, call.ResultForbidden, call.ResultDone)
	s.mustDo(call.OpAllow, host, people("hall", "cohost"), call.ResultDone)
	s.mustDo(call.OpDisallow, cohost, people("hall", "cohost", "guest", "nobody"), call.ResultForbidden, call.ResultDone, call.ResultUnknown)
	short := people("hall", "guest")
	short.Minutes = 1
	for _, by := range []string{host, ""} {
		s.mustDo(call.OpBan, by, people("hall", "guest"), call.ResultDone)
		s.mustDo(call.OpUnban, cohost, people("hall", "guest", "cohost"), call.ResultForbidden, call.ResultNotBanned)
		s.mustDo(call.OpBan, cohost, short, call.ResultForbidden)
		s.mustDo(call.OpUnban, host, people("hall", "guest"), call.ResultDone)
	}
	s.mustDo(call.OpBan, cohost, people("hall", "guest"), call.ResultDone)
	s.mustDo(call.OpUnban, cohost, people("hall", "guest"), call.ResultDone)
}

// TestK10_ARightIsToldOnceItIsGiven: who hears that they may speak or show
// something can do so at once.
func TestK10_ARightIsToldOnceItIsGiven(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	ear := s.enter(s.invite(func(r *doorclient.InviteRequest) { r.Role = call.RoleListener }), newGuest(t, "ear"))
	s.kept()
	hears := func(op call.Operation, what string, q any, want func(call.Standing) bool) {
		t.Helper()
		s.mustDo(op, "", q, call.ResultDone)
		ear.await(what, func(e call.SessionEvent) bool {
			r, ok := e.(call.RulesChanged)
			return ok && want(r.Standing)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), outageTimeout)
	defer cancel()
	for range 10 {
		for _, role := range []call.Role{call.RoleParticipant, call.RoleListener} {
			q := doorapi.RoleRequest{Room: "hall", IDs: []call.Identity{"ear"}, Role: role}
			hears(call.OpRole, "role", q, func(s call.Standing) bool { return s.Role == role })
			if role == call.RoleListener {
				continue
			}
			track, err := ear.session.Publish(ctx, call.TrackSpec{Source: call.SourceMicrophone})
			if err != nil {
				t.Fatal(err)
			}
			if err := ear.session.Unpublish(ctx, track); err != nil {
				t.Fatal(err)
			}
		}
		mute := doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"ear"}}
		hears(call.OpMute, "mute", mute, func(s call.Standing) bool { return s.Muted })
		hears(call.OpUnmute, "unmute", mute, func(s call.Standing) bool { return !s.Muted })
		if _, err := ear.session.SendChat(ctx, "again"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoneAskNothing: who has left, or never came, reads and does nothing with a
// token that still opens a connection.
func TestGoneAskNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	s.as(call.RoleParticipant, "guest")
	cohost, w := s.as(call.RoleCoHost, "cohost")
	calls := map[call.Operation]any{
		call.OpChat: doorapi.ChatRequest{Room: "hall"}, call.OpMembers: doorapi.RoomRequest{Room: "hall"}, call.OpRemove: people("hall", "nobody"),
	}
	ask := func(when, token string, want int) {
		t.Helper()
		for op, q := range calls {
			if refusal, status := s.do(op, token, q, &struct{}{}); status != want {
				t.Errorf("%s, %s: %d %+v", when, op, status, refusal)
			}
		}
	}
	ask("just in", cohost, http.StatusOK)
	eventually(t, "cohost is online", waitTimeout, func() bool { return s.member("hall", "cohost").Presence == call.PresenceOnline })
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{Reason: livekit.DisconnectReason_CLIENT_INITIATED}}})
	eventually(t, "cohost is gone", waitTimeout, func() bool { return s.member("hall", "cohost").Presence == call.PresenceGone })
	ask("gone", cohost, http.StatusForbidden)
	ask("never came", s.mustJoin(newGuest(t, "idle"), s.invite(func(r *doorclient.InviteRequest) { r.Role = call.RoleCoHost })).Token, http.StatusForbidden)
	s.mustDial(cohost)
	ask("back", cohost, http.StatusOK)
}

// TestO1_StaleExit: an exit that is about a generation that is over removes nobody
// who has come again since; one that did not get to its end is done.
func TestO1_StaleExit(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	log, _ := testenv.NewLog()
	g := newGuest(t, "guest")
	s.enterAs(g, "guest", call.RoleParticipant)
	s.mustDo(call.OpRemove, "", people("hall", "guest"), call.ResultDone)
	_, w := s.enterAs(g, "guest", call.RoleParticipant)
	s.member("hall", "guest")
	ports := moderation.New(moderation.Config{Rooms: roomservice.Over(s.roomService("hall"), 0), Register: s.reg, Log: log, Now: time.Now})
	exit := keeper.Exit{Room: "hall", ID: "guest", Reason: call.ReasonOfflineRemoved, Generation: 1, At: time.Now()}
	if err := ports.Removed(context.Background(), exit); err != nil {
		t.Error(err)
	}
	if got := s.inRoom("hall"); len(got) != 1 {
		t.Errorf("in the room: %v", got)
	}
	m := s.member("hall", "guest")
	if m.Generation != 2 || m.Verdict.Reason != call.ReasonRemoved {
		t.Errorf("%+v", m)
	}
	exit.Generation = 2
	if _, ended, err := s.reg.Revoke(t.Context(), "hall", "guest", m.Verdict, 2); err != nil || !ended {
		t.Fatal(ended, err)
	}
	if err := ports.Removed(context.Background(), exit); err != nil {
		t.Error(err)
	}
	if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("told %v", r)
	}
}
