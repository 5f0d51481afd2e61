package roster

import (
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/roster/rostertest"
)

func TestHeartheartbeatEvery(t *testing.T) {
	for people, want := range map[int]time.Duration{
		1: time.Second, 50: time.Second, 100: 4 * time.Second, 200: 16 * time.Second, 10_000: time.Minute,
	} {
		if got := heartbeatEvery(people); got != want {
			t.Errorf("%d people: %v, want %v", people, got, want)
		}
	}
}

func TestListen(t *testing.T) {
	now := time.Now()
	ago := func(seconds float64) time.Time { return now.Add(-time.Duration(seconds * float64(time.Second))) }
	heartbeat := func(seconds float64, timeout time.Duration) liveness {
		return liveness{canSend: true, heardAt: ago(seconds), timeout: timeout}
	}
	const short, long = 3500 * time.Millisecond, 14 * time.Second
	muted := time.Time{}
	for name, test := range map[string]struct {
		liveness      liveness
		media, deaf   time.Time
		quiet, silent bool
	}{
		"another client, muted":                    {liveness: liveness{canSend: true}, media: muted},
		"another client, speaking":                 {liveness: liveness{canSend: true}, media: ago(0.1)},
		"another client, gone":                     {liveness: liveness{canSend: true}, media: ago(3.1), quiet: true, silent: true},
		"muted, heartbeats":                        {liveness: heartbeat(1, short), media: muted},
		"muted, one heartbeat missing":             {liveness: heartbeat(2, short), media: muted, quiet: true},
		"muted, dead":                              {liveness: heartbeat(3.6, short), media: muted, quiet: true, silent: true},
		"microphone stuck, heartbeats":             {liveness: heartbeat(1, short), media: ago(60)},
		"heartbeats lost, speaks":                  {liveness: heartbeat(60, short), media: ago(0.1)},
		"dead":                                     {liveness: heartbeat(3.6, short), media: ago(3.6), quiet: true, silent: true},
		"not allowed to send data any more":        {liveness: liveness{heardAt: ago(60), timeout: short}, media: muted},
		"reconnecting and heard no heartbeat else": {liveness: liveness{canSend: true, heardAt: ago(60)}, media: muted},
		"large room, muted":                        {liveness: heartbeat(10, long), media: muted, quiet: true},
		"large room, audio ends":                   {liveness: heartbeat(1, long), media: ago(3.1), quiet: true, silent: true},
		"we were deaf":                             {liveness: heartbeat(60, short), media: ago(60), deaf: ago(1)},
	} {
		l := test.liveness
		l.listen(test.media, test.deaf, now)
		if l.quiet != test.quiet || l.silent != test.silent {
			t.Errorf("%s: quiet %v, silent %v", name, l.quiet, l.silent)
		}
	}
}

// TestK3_WhoIsADuplicate: LiveKit calls every newcomer of an identity a duplicate.
func TestK3_WhoIsADuplicate(t *testing.T) {
	for name, test := range map[string]struct {
		liveness liveness
		want     call.LeaveReason
	}{
		"healthy":         {liveness{}, call.ReasonDuplicate},
		"silent":          {liveness{silent: true, quiet: true}, call.ReasonConnectionLost},
		"a little silent": {liveness{quiet: true}, call.ReasonConnectionLost},
		"server says":     {liveness{lostServer: true}, call.ReasonConnectionLost},
		"reconnecting":    {liveness{reconnecting: true}, call.ReasonConnectionLost},
	} {
		for how, news := range map[string]*livekit.ParticipantInfo{
			"replaced": rostertest.Info("bob", "PA_b2", 2),
			"told":     rostertest.Gone(rostertest.Info("bob", "PA_b1", 1), livekit.DisconnectReason_DUPLICATE_IDENTITY),
		} {
			r := New(rostertest.Join(rostertest.Info("bob", "PA_b1", 1)), false, false)
			r.people["bob"].liveness = test.liveness
			left, ok := r.Apply(news)[0].(call.ParticipantLeft)
			if !ok || left.Reason != test.want {
				t.Errorf("%s, %s: %+v", name, how, left)
			}
		}
	}
	r := New(rostertest.Join(rostertest.Info("bob", "PA_b1", 1)), false, false)
	r.people["bob"].liveness = liveness{silent: true}
	left, _ := r.Apply(rostertest.Gone(rostertest.Info("bob", "PA_b1", 1), livekit.DisconnectReason_PARTICIPANT_REMOVED))[0].(call.ParticipantLeft)
	if left.Reason != call.ReasonRemoved {
		t.Errorf("removed while silent: %v", left.Reason)
	}
}
