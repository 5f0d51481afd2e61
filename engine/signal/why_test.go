package signal

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// Somebody is removed before the door's notice has reached them: they ask why.
// A door that does not know, or does not answer, leaves the server's word.
func TestK1_K8_RemovedWithoutNotice(t *testing.T) {
	noLeaks(t)
	until := time.UnixMilli(1_900_000_000_000)
	silence := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // afterwards the server notices who hangs up
		<-r.Context().Done()
	}
	refuses := func(err error) http.HandlerFunc {
		refusal, _ := call.DoorErrorFrom(err)
		return answerDoor(refusal.Status(), refusal)
	}
	for name, c := range map[string]struct {
		door http.HandlerFunc
		want call.SessionEnded
	}{
		"removed":                   {refuses(&call.PutOutError{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}), call.SessionEnded{Reason: call.ReasonRemoved, By: "Eve", Text: "Enough"}},
		"banned":                    {refuses(&call.BannedError{Until: until, By: "Eve", Text: "Enough"}), call.SessionEnded{Reason: call.ReasonBanned, By: "Eve", Text: "Enough", Until: until}},
		"offline":                   {refuses(&call.PutOutError{Reason: call.ReasonOfflineRemoved}), call.SessionEnded{Reason: call.ReasonOfflineRemoved}},
		"a door that does not know": {answerDoor(http.StatusOK, call.MembersAnswer{}), call.SessionEnded{Reason: call.ReasonRemoved}},
		"nonsense":                  {answerDoor(http.StatusTeapot, "?"), call.SessionEnded{Reason: call.ReasonRemoved}},
		"silence":                   {silence, call.SessionEnded{Reason: call.ReasonRemoved}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, true)
			s.api = c.door
			s.script = func(c *scriptConn) {
				c.sendJoin()
				c.send(leaveMessage(livekit.DisconnectReason_PARTICIPANT_REMOVED, livekit.LeaveRequest_DISCONNECT))
			}
			client := join(t, s.invite(t), quick)
			got, _, _ := wait[call.SessionEnded](client, 0, "end", nil)
			if got.Reason != c.want.Reason || got.By != c.want.By || got.Text != c.want.Text || !got.Until.Equal(c.want.Until) || !errors.Is(got.Err, c.want.Err) {
				t.Errorf("ended: %+v, want %+v", got, c.want)
			}
		})
	}
}
