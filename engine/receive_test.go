package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

func trackOf(sid call.SID, source call.Source) call.Track {
	return call.Track{SID: sid, Source: source, Kind: source.Kind()}
}

// subscribed lists what the session was told to receive.
func subscribed(s *enginetest.Session, people int, prefix string) (shown, paused int) {
	for i := range people {
		if sub, wanted := s.Subscription(call.SID(fmt.Sprint(prefix, i))); wanted && sub.Paused {
			paused++
		} else if wanted {
			shown++
		}
	}
	return shown, paused
}

// A room full of cameras and microphones costs what the limits say, and no more:
// what is not shown is paused, or not asked for at all.
func TestReceptionIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		const people = 300
		for i := range people {
			s.Tell(call.ParticipantJoined{Participant: person(fmt.Sprint("p", i), call.SID(fmt.Sprint("PA_", i)),
				trackOf(call.SID(fmt.Sprint("cam", i)), call.SourceCamera), trackOf(call.SID(fmt.Sprint("mic", i)), call.SourceMicrophone))})
		}
		settle()
		if shown, paused := subscribed(s, people, "cam"); shown != call.DefaultShown || shown+paused != call.MaxVideos {
			t.Errorf("%d cameras are shown, %d are paused", shown, paused)
		}
		if voices, _ := subscribed(s, people, "mic"); voices != call.MaxVoices {
			t.Errorf("%d voices", voices)
		}
		// Somebody speaks who is not received: they are heard.
		s.Tell(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "p299", Level: 1}}})
		settle()
		if _, wanted := s.Subscription("mic299"); !wanted {
			t.Error("who speaks is not heard")
		}
		r.do(engine.Leave{})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

// Noise of many who came first keeps nobody out who says something, at whatever moment
// they begin.
func TestNoiseKeepsNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		const noisy = 200
		var noise []call.SpeakerLevel
		for i := range noisy {
			id := fmt.Sprintf("n%03d", i)
			s.Tell(call.ParticipantJoined{Participant: person(id, call.SID(fmt.Sprint("PA_", i)),
				trackOf(call.SID(fmt.Sprint("mic", i)), call.SourceMicrophone))})
			noise = append(noise, call.SpeakerLevel{ID: call.Identity(id), Level: 1})
		}
		s.Tell(call.ParticipantJoined{Participant: person("zoe", "PA_zoe", trackOf("micZoe", call.SourceMicrophone))})
		for range 20 {
			s.Tell(call.SpeakersChanged{Speakers: noise})
			time.Sleep(time.Second)
		}
		for phrase := range 3 {
			for range 5 {
				s.Tell(call.SpeakersChanged{Speakers: append(noise[:noisy:noisy], call.SpeakerLevel{ID: "zoe", Level: 0.1})})
				settle()
				if _, wanted := s.Subscription("micZoe"); !wanted {
					t.Fatalf("phrase %d is not heard", phrase)
				}
				time.Sleep(time.Second)
			}
			s.Tell(call.SpeakersChanged{Speakers: noise})
			time.Sleep(10 * time.Second)
		}
		r.do(engine.Leave{})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

// Frames follow the tiles: hidden ones rest, shown ones come back.
func TestFramesRestWhileTheyAreHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.ParticipantJoined{Participant: person("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		if sub, wanted := s.Subscription("TR_1"); !wanted || sub.Paused {
			t.Fatalf("subscription %+v (%v)", sub, wanted)
		}
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		if !r.media.Shown("TR_1") {
			t.Error("not shown at first")
		}
		r.do(engine.SetTrackView{Track: "TR_1", Disabled: true})
		settle()
		if sub, wanted := s.Subscription("TR_1"); r.media.Shown("TR_1") || !wanted || !sub.Paused {
			t.Errorf("hidden: %+v (%v)", sub, wanted)
		}
		r.do(engine.SetTrackView{Track: "TR_1", Width: 64, Height: 48})
		settle()
		if sub, _ := s.Subscription("TR_1"); !r.media.Shown("TR_1") || sub.Paused || sub.Width != 64 {
			t.Errorf("shown again: %+v", sub)
		}
		r.do(engine.Leave{})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

// People the host has muted are not heard, whatever they send, from the moment that we
// know, and heard again afterwards.
func TestK10_TheMutedAreNotPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		tracks := []call.Track{trackOf("mic", call.SourceMicrophone), trackOf("tab", call.SourceScreenAudio), trackOf("cam", call.SourceCamera)}
		eve := person("eve", "PA_e", tracks...)
		s.Tell(call.ParticipantJoined{Participant: eve})
		for _, track := range tracks {
			s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("eve", "PA_e", track)})
		}
		settle()
		if n := r.ledger.OpenNow("receiver"); n != 3 {
			t.Fatalf("%d receivers", n)
		}
		eve.Muted = true
		s.Tell(call.ParticipantUpdated{Participant: eve})
		settle()
		if n := r.ledger.OpenNow("receiver"); n != 1 {
			t.Errorf("%d receivers of who is muted, want the camera's", n)
		}
		for _, sid := range []call.SID{"mic", "tab"} {
			if _, wanted := s.Subscription(sid); wanted {
				t.Errorf("%s is still asked for", sid)
			}
		}
		eve.Muted = false
		s.Tell(call.ParticipantUpdated{Participant: eve})
		settle()
		if _, wanted := s.Subscription("mic"); !wanted {
			t.Error("not asked for again")
		}
		r.do(engine.Leave{})
		settle()
		r.end()
	})
}

// A catch-up that never ends is ended, told once, and chat goes on.
func TestChat_AnEndlessHistoryEnds(t *testing.T) {
	for name, text := range map[string]int{"pages": 1, "bytes": 400_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				r := newRig(t, func(r *rig, _ *engine.Config) {
					r.dialer.History = func(string) call.History {
						n++
						a := history(true, fmt.Sprint("h", n))
						a.Messages[0].Text = string(slices.Repeat([]byte("x"), text))
						return a
					}
				})
				s := r.joined()
				for range 200 {
					s.Tell(call.ChatMissed{})
				}
				pass(10 * time.Second)
				asked, most := n, 20*64 // a catch-up a second, and some at once
				if asked > most || text > 1 && asked > 20*12 {
					t.Errorf("asked %d times", asked)
				}
				failed := of[call.CommandFailed](r)
				if len(failed) != 1 || !errors.Is(failed[0].Err, call.ErrChatEndless) {
					t.Errorf("told %+v", failed)
				}
				s.Tell(call.ChatReceived{Message: message("live")})
				pass(2 * time.Second)
				if !slices.Contains(r.chat(), "live") {
					t.Error("chat does not go on")
				}
				r.do(engine.Leave{})
				pass(time.Second)
				r.wantLeft(1, call.ReasonLeft)
				r.end()
			})
		})
	}
}
