package client

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/roster"
	"foyer/engine/client/rtp"
)

// hall is a session in virtual time, in a room with bob, who beats and has a
// camera and a microphone.
type hall struct {
	*session
	t      *testing.T
	events []call.SessionEvent
}

func bobs(version uint32) *livekit.ParticipantInfo {
	return info("bob", "PA_b", version, trackInfo("TR_cam", false))
}

func newHall(t *testing.T) *hall {
	t.Helper()
	h := &hall{t: t, session: bareSession(New(Config{Log: testLog(t)}), joinResponse(bobs(1)))}
	h.transport = &rtp.Transport{Pub: &rtp.Peer{State: webrtc.PeerConnectionStateConnected}, Remote: map[call.SID]*rtp.RemoteTrack{}}
	h.sink = func(e call.SessionEvent) { h.events = append(h.events, e) }
	h.liveness.onTick() // from here on it hears
	return h
}

// bobsTrack has been handed out.
func bobsTrack(sid call.SID) *rtp.RemoteTrack {
	r := rtp.NewRemoteTrack("PA_b", sid, nil, nil, nil)
	r.HandOut("bob", call.Track{SID: sid})
	return r
}

func (h *hall) bob() call.Participant {
	p, _ := h.roster.Get("bob")
	return p
}

// heartbeat is bob's, and says when the next one comes.
func (h *hall) heartbeat(next time.Duration) {
	h.data.onMessage(heartbeatPacket(h.t, "b", binary.AppendUvarint(nil, uint64(next/time.Millisecond))), false)
}

// pass lets time pass, in which the session looks who is silent.
func (h *hall) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(silenceTick)
		h.liveness.onTick()
	}
}

func (h *hall) update(infos ...*livekit.ParticipantInfo) {
	h.onUpdate(&livekit.ParticipantUpdate{Participants: infos})
}

// heard is what was reported since the last call, but for marks of being lost.
func (h *hall) heard() string {
	events := slices.DeleteFunc(h.events, func(e call.SessionEvent) bool { _, is := e.(call.ParticipantUpdated); return is })
	h.events = nil
	return eventNames(events)
}

// inHall runs f in virtual time.
func inHall(t *testing.T, f func(h *hall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		defer h.alarms.Stop()
		f(h)
	})
}

const (
	taken = "ParticipantLeft:connection_lost"
	back  = "ParticipantJoined"
)

// TestO4_TheDeadAreTakenForGone: with the last heartbeat at the moment of death, which
// is the worst case, and looks at any phase.
func TestO4_TheDeadAreTakenForGone(t *testing.T) {
	for phase := time.Duration(0); phase < silenceTick; phase += silenceTick / 5 {
		inHall(t, func(h *hall) {
			h.pass(3 * time.Second)
			time.Sleep(phase)
			h.heartbeat(time.Second)
			died := time.Now()
			time.Sleep(silenceTick - phase)
			for h.liveness.onTick(); h.roster.Len() > 0; h.pass(silenceTick) {
				if time.Since(died) > time.Minute {
					t.Fatal("never taken for gone")
				}
			}
			if took := time.Since(died); took < goneTimeout || took > 20600*time.Millisecond {
				t.Errorf("phase %v: gone after %v", phase, took)
			}
			if got := h.heard(); got != taken {
				t.Errorf("events %q", got)
			}
			h.update(gone(bobs(1), livekit.DisconnectReason_CONNECTION_TIMEOUT))
			h.pass(time.Minute)
			if got := h.heard(); got != "" || h.roster.TimedOut("PA_b") || len(h.liveness.interrupted) > 0 {
				t.Errorf("after the server's word: %q; remembered: %v", got, h.liveness.interrupted)
			}
		})
	}
}

// TestO4_TheDeadAreMarked: within the contract's 5 s, with the last sign of life
// at the moment of death, and looks at any phase.
func TestO4_TheDeadAreMarked(t *testing.T) {
	for name, live := range map[string]func(h *hall){
		"who beats": func(h *hall) { h.heartbeat(time.Second) },
		"who only sends": func(h *hall) {
			r := bobsTrack("TR_cam")
			r.NotePacket(time.Now())
			h.transport.Remote[r.SID()] = r
		},
	} {
		for phase := time.Duration(0); phase < silenceTick; phase += silenceTick / 5 {
			inHall(t, func(h *hall) {
				h.pass(3 * time.Second)
				time.Sleep(phase)
				live(h)
				died := time.Now()
				time.Sleep(silenceTick - phase)
				for h.liveness.onTick(); !h.bob().Lost; h.pass(silenceTick) {
					if time.Since(died) > time.Minute {
						t.Fatalf("%s: never marked", name)
					}
				}
				if took := time.Since(died); took < roster.SilenceTimeout || took > 5*time.Second {
					t.Errorf("%s, phase %v: marked after %v", name, phase, took)
				}
			})
		}
	}
}

// TestWhoDoesNotTimeOut: each of these is silent for a minute, and in the room.
func TestWhoDoesNotTimeOut(t *testing.T) {
	muted := bobs(2)
	muted.Permission = &livekit.ParticipantPermission{CanPublish: true, CanSubscribe: true}
	for name, f := range map[string]func(h *hall){
		"of another make":           func(*hall) {},
		"says that it rejoins":      func(h *hall) { h.heartbeat(time.Second); h.heartbeat(0) },
		"may not send data":         func(h *hall) { h.heartbeat(time.Second); h.update(muted) },
		"in a large room":           func(h *hall) { h.heartbeat(roster.MaxHeartbeatInterval) },
		"we reconnect":              func(h *hall) { h.heartbeat(time.Second); h.phase = phaseReconnecting },
		"we were stopped meanwhile": func(h *hall) { h.heartbeat(time.Second); time.Sleep(time.Hour); h.liveness.onTick(); h.heartbeat(0) },
		"sends packets": func(h *hall) {
			h.heartbeat(time.Second)
			r := bobsTrack("TR_screen")
			r.NotePacket(time.Now().Add(time.Minute))
			h.transport.Remote[r.SID()] = r
		},
	} {
		t.Run(name, func(t *testing.T) {
			inHall(t, func(h *hall) {
				f(h)
				h.pass(time.Minute)
				if got := h.heard(); strings.Contains(got, "ParticipantLeft") {
					t.Errorf("events %q", got)
				}
			})
		})
	}
}

// TestMaySendAgain: silence while one was muted is no silence.
func TestMaySendAgain(t *testing.T) {
	inHall(t, func(h *hall) {
		h.heartbeat(time.Second)
		muted := bobs(2)
		muted.Permission = &livekit.ParticipantPermission{CanPublish: true}
		h.update(muted)
		h.pass(time.Minute)
		h.update(bobs(3))
		h.pass(5 * time.Second)
		if bob, ok := h.roster.Get("bob"); !ok || bob.Lost {
			t.Errorf("bob: %+v", bob)
		}
	})
}

// TestAfterATimeout tells what may follow.
func TestAfterATimeout(t *testing.T) {
	anew := func(version uint32) *livekit.ParticipantInfo { return info("bob", "PA_b2", version) }
	timeout := livekit.DisconnectReason_CONNECTION_TIMEOUT
	for name, test := range map[string]struct {
		do   func(h *hall)
		want string
	}{
		"beats again": {func(h *hall) { h.heartbeat(time.Second) }, back},
		"beats, then goes": {func(h *hall) {
			h.heartbeat(time.Second)
			h.update(gone(bobs(1), livekit.DisconnectReason_CLIENT_INITIATED))
		}, back + " ParticipantLeft:left"},
		"beats, then dies":             {func(h *hall) { h.heartbeat(time.Second); h.pass(21 * time.Second) }, back + " " + taken},
		"says that it rejoins":         {func(h *hall) { h.heartbeat(0) }, ""},
		"another beats":                {func(h *hall) { h.data.onMessage(heartbeatPacket(h.t, "x", binary.AppendUvarint(nil, 1000)), false) }, ""},
		"news of it":                   {func(h *hall) { h.update(bobs(2)) }, ""},
		"joins anew":                   {func(h *hall) { h.update(anew(5)); h.heartbeat(time.Second) }, back},
		"joins anew, the old one goes": {func(h *hall) { h.update(anew(5), gone(bobs(1), livekit.DisconnectReason_DUPLICATE_IDENTITY)) }, back},
		"the old one goes, joins anew": {func(h *hall) { h.update(gone(bobs(1), timeout), anew(5)) }, back},
		"news of an earlier one":       {func(h *hall) { h.update(anew(0), gone(anew(0), timeout)) }, ""},
		"the server keeps it":          {func(h *hall) { h.pass(keptTimeout + time.Second) }, back},
		"is kept, and never beats":     {func(h *hall) { h.pass(5 * time.Minute) }, back},
		"we reconnect": {func(h *hall) {
			h.phase = phaseReconnecting
			h.pass(keptTimeout)
			h.phase = phaseUp
			h.pass(keptTimeout)
		}, ""},
		"not in the whole roster": {func(h *hall) {
			h.fullUpdate = true
			h.update(info("ada", "PA_ada", 9), info("cyd", "PA_c", 9))
			h.pass(time.Minute)
		}, back}, // cyd
	} {
		t.Run(name, func(t *testing.T) {
			inHall(t, func(h *hall) {
				h.heartbeat(time.Second)
				h.pass(21 * time.Second)
				if got := h.heard(); got != taken {
					t.Fatalf("events %q", got)
				}
				test.do(h)
				if got := h.heard(); got != test.want {
					t.Errorf("events %q, want %q", got, test.want)
				}
			})
		})
	}
}

// TestBackWithWhatIsNew: a participant that is back has the tracks and the name of now.
func TestBackWithWhatIsNew(t *testing.T) {
	inHall(t, func(h *hall) {
		h.heartbeat(time.Second)
		h.pass(21 * time.Second)
		now := info("bob", "PA_b", 2, trackInfo("TR_new", true))
		now.Name = "Robert"
		h.update(now, bobs(1)) // the second is late
		h.events = nil
		h.heartbeat(time.Second)
		joined, ok := h.events[0].(call.ParticipantJoined)
		if p := joined.Participant; !ok || p.Name != "Robert" || p.Lost || len(p.Tracks) != 1 || p.Tracks[0].SID != "TR_new" {
			t.Errorf("event %+v", h.events[0])
		}
	})
}

// TestTimedOutPeerIsBackWithItsMedia: against the server, a peer that does
// nothing for a while and then goes on. Its tracks end before it goes, and can be
// read again when it is back.
func TestTimedOutPeerIsBackWithItsMedia(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		impatient := func(d *Dialer) {
			if change != nil {
				change(d)
			}
			d.limits.gone, d.limits.kept = 4*time.Second, time.Hour
		}
		a, b := pair(t, sharedServer(t), impatient, change)
		hears(t, a, "bob")
		track := publish(t, b, cameraSpec())
		stop := pump(t, track)
		receive(t, a, track.SID(), 5)
		n := a.events()
		frozen := make(chan struct{})
		b.post(func() { <-frozen })
		stop()
		_, _, n = wait[call.RemoteTrackGone](a, n, "bob's track is gone", nil)
		left, _, n := wait[call.ParticipantLeft](a, n, "bob is gone", nil)
		if left.Reason != call.ReasonConnectionLost || len(left.Participant.Tracks) != 1 {
			t.Errorf("left: %+v", left)
		}
		pump(t, track)
		close(frozen)
		_, _, n = wait(a, n, "bob is back", func(e call.ParticipantJoined) bool { return len(e.Participant.Tracks) == 1 })
		ready, _, _ := wait[call.RemoteTrackReady](a, n, "so is the track", nil)
		readPackets(t, ready.Track, 30)
	})
}
