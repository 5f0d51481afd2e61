package client

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Somebody is removed before the door's notice has reached them: they ask why.
// A door that does not know, or does not answer, leaves the server's word.
func TestK1_K2_K8_RemovedWithoutNotice(t *testing.T) {
	noLeaks(t)
	until := time.UnixMilli(1_900_000_000_000)
	silence := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // afterwards the server notices who hangs up
		<-r.Context().Done()
	}
	refuses := func(err error) http.HandlerFunc {
		refusal, _ := doorapi.ErrorFrom(err)
		return answerDoor(refusal.Status(), refusal)
	}
	leaves := func(reason livekit.DisconnectReason) func(*scriptConn) {
		return func(c *scriptConn) {
			c.sendJoin()
			c.send(leaveMessage(reason, livekit.LeaveRequest_DISCONNECT))
		}
	}
	removes, deletes := leaves(livekit.DisconnectReason_PARTICIPANT_REMOVED), leaves(livekit.DisconnectReason_ROOM_DELETED)
	hangsUp := func(c *scriptConn) {
		bob := &livekit.ParticipantInfo{Sid: "PA_bob", Identity: "bob", State: livekit.ParticipantInfo_ACTIVE, JoinedAt: 1, Version: 1}
		c.sendJoin(bob)
		gone := &livekit.ParticipantInfo{Sid: "PA_bob", Identity: "bob", State: livekit.ParticipantInfo_DISCONNECTED, JoinedAt: 1, Version: 2, DisconnectReason: livekit.DisconnectReason_ROOM_DELETED}
		c.send(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{gone}}}})
		_ = c.Close()
	}
	dismissal := refuses(&call.PutOutError{Reason: call.ReasonDismissed, By: "Eve", Text: "Good night"})
	dismissed := call.SessionEnded{Reason: call.ReasonDismissed, By: "Eve", Text: "Good night"}
	for name, c := range map[string]struct {
		server func(*scriptConn)
		door   http.HandlerFunc
		want   call.SessionEnded
	}{
		"removed":                            {removes, refuses(&call.PutOutError{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}), call.SessionEnded{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}},
		"banned":                             {removes, refuses(&call.BannedError{Until: until, By: "Eve", Text: "Enough"}), call.SessionEnded{Reason: call.ReasonBanned, By: "Eve", Text: "Enough", Until: until}},
		"offline":                            {removes, refuses(&call.PutOutError{Reason: call.ReasonOfflineRemoved}), call.SessionEnded{Reason: call.ReasonOfflineRemoved}},
		"a door that does not know":          {removes, answerDoor(http.StatusOK, doorapi.MembersAnswer{}), call.SessionEnded{Reason: call.ReasonRemoved}},
		"nonsense":                           {removes, answerDoor(http.StatusTeapot, "?"), call.SessionEnded{Reason: call.ReasonRemoved}},
		"silence":                            {removes, silence, call.SessionEnded{Reason: call.ReasonRemoved}},
		"dismissed":                          {deletes, dismissal, dismissed},
		"dismissed, and the server hangs up": {hangsUp, dismissal, dismissed},
		"dismissed, by a door that does not know": {deletes, refuses(call.ErrNoSuchRoom), call.SessionEnded{Reason: call.ReasonDismissed}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, true)
			s.api = c.door
			s.script = c.server
			client := join(t, s.invite(t), func(d *Dialer) {
				quick(d)
				if name != "silence" {
					d.limits.why = 5 * time.Second
				}
			})
			got, _, _ := wait[call.SessionEnded](client, 0, "end", nil)
			if got.Reason != c.want.Reason || got.By != c.want.By || got.Text != c.want.Text || !got.Until.Equal(c.want.Until) || !errors.Is(got.Err, c.want.Err) {
				t.Errorf("ended: %+v, want %+v", got, c.want)
			}
		})
	}
}
