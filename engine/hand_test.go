package engine_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/enginetest"
)

func withHand(p call.Participant, at int64) call.Participant {
	p.Hand = at
	return p
}

// ourselves is who the stand-ins let us join as.
func ourselves() call.Participant { return person("ada", "PA_self") }

// queue lists the raised hands in the last event.
func (r *rig) queue() (ids []call.Identity) {
	r.t.Helper()
	for _, h := range last[call.HandsChanged](r).Hands {
		ids = append(ids, h.ID)
	}
	return ids
}

// Hands are listed in the door's order, once for everything that has happened, and
// go with their people.
func TestHandsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.ParticipantJoined{Participant: withHand(person("bob", "PA_b"), 300)})
		s.Tell(call.ParticipantJoined{Participant: person("cyd", "PA_c")})
		s.Tell(call.ParticipantUpdated{Participant: withHand(person("cyd", "PA_c"), 200)})
		settle()
		if got := r.queue(); !slices.Equal(got, []call.Identity{"cyd", "bob"}) {
			t.Errorf("hands %v", got)
		}
		n := len(of[call.HandsChanged](r))
		s.Tell(call.ParticipantUpdated{Participant: withHand(person("cyd", "PA_c", videoTrack("TR_1")), 200)})
		settle()
		if len(of[call.HandsChanged](r)) != n {
			t.Error("the same hands are told again")
		}
		s.Tell(call.ParticipantLeft{Participant: person("cyd", "PA_c"), Reason: call.ReasonLeft})
		settle()
		if got := r.queue(); !slices.Equal(got, []call.Identity{"bob"}) {
			t.Errorf("after one has left: %v", got)
		}
		r.end()
	})
}

// Ours: asked of the door one question after the other, up when the server says so,
// and told when somebody else lowers it.
func TestOurHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		me := func(at int64) call.Participant { return withHand(ourselves(), at) }
		var asked []bool
		r.dialer.OnModerate = func(op call.Operation, request any) (any, error) {
			if q, ok := request.(doorapi.HandRequest); ok && op == call.OpHand && string(q.Room) == string(testLink.Room) {
				asked = append(asked, q.Up)
			}
			<-time.After(time.Second)
			return struct{}{}, nil
		}
		r.do(engine.RaiseHand{Up: true})
		r.do(engine.RaiseHand{Up: false})
		r.do(engine.RaiseHand{Up: true})
		r.do(engine.RaiseHand{Up: false})
		pass(5 * time.Second)
		if !slices.Equal(asked, []bool{true, false}) {
			t.Errorf("asked %v", asked)
		}
		asked = nil
		r.do(engine.RaiseHand{Up: true})
		pass(2 * time.Second)
		if len(of[call.HandsChanged](r)) != 0 {
			t.Error("it is told before the server has")
		}
		s.Tell(call.ParticipantUpdated{Participant: me(100)})
		settle()
		if got := r.queue(); !slices.Equal(got, []call.Identity{"ada"}) {
			t.Errorf("hands %v", got)
		}
		s.Tell(call.ParticipantUpdated{Participant: me(0)})
		settle()
		if len(of[call.HandLowered](r)) != 1 || len(r.queue()) != 0 {
			t.Errorf("lowered by a host: %v", r.words())
		}
		r.do(engine.RaiseHand{Up: true})
		pass(2 * time.Second)
		s.Tell(call.ParticipantUpdated{Participant: me(200)})
		settle()
		r.do(engine.RaiseHand{Up: false})
		pass(2 * time.Second)
		s.Tell(call.ParticipantUpdated{Participant: me(0)})
		settle()
		if len(of[call.HandLowered](r)) != 1 {
			t.Error("we have lowered it ourselves")
		}
		r.dialer.OnModerate = func(call.Operation, any) (any, error) { return nil, call.ErrTooManyTries }
		r.do(engine.RaiseHand{Up: true})
		settle()
		if f := last[call.CommandFailed](r); f.Command != "hand" || !errors.Is(f.Err, call.ErrTooManyTries) {
			t.Errorf("%+v", f)
		}
		r.end()
		if err := r.try(engine.RaiseHand{Up: true}); err == nil {
			t.Error("a hand outside of a room")
		}
	})
}

// A hand survives a full reconnect: the door keeps it, or it is raised again.
func TestHandAfterAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		asked := 0
		r.dialer.OnModerate = func(call.Operation, any) (any, error) { asked++; return struct{}{}, nil }
		r.do(engine.RaiseHand{Up: true})
		settle()
		s.Tell(call.ParticipantUpdated{Participant: withHand(ourselves(), 100)})
		again := ourselves()
		again.SID = "PA_again"
		s.Tell(call.RosterReplaced{SessionID: "RM_1", Self: withHand(again, 100), Republish: true})
		settle()
		if asked != 1 || len(r.queue()) != 1 {
			t.Errorf("kept by the door: asked %d times, %v", asked, r.queue())
		}
		again.SID = "PA_third"
		s.Tell(call.RosterReplaced{SessionID: "RM_1", Self: again, Republish: true})
		settle()
		if asked != 2 || len(r.queue()) != 0 || len(of[call.HandLowered](r)) != 0 {
			t.Errorf("lost by the door: asked %d times, %v", asked, r.words())
		}
		r.end()
	})
}

// Reactions: of the six, as fast as we may; of others as many as is bearable, and of
// nobody who is not there.
func TestReactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.ParticipantJoined{Participant: person("bob", "PA_b")})
		settle()
		if err := r.try(engine.React{Reaction: "💣"}); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("any text: %v", err)
		}
		sent := 0
		for range 20 {
			if err := r.try(engine.React{Reaction: call.ReactionClap}); err == nil {
				sent++
			} else if !errors.Is(err, call.ErrChatTooFast) {
				t.Fatal(err)
			}
		}
		settle()
		if sent != 5 || len(of[call.Reacted](r)) != 5 || len(s.Data()) != 5 || s.Data()[0] != "foyer.reaction 👏" {
			t.Errorf("sent %d, told %d, %q", sent, len(of[call.Reacted](r)), s.Data())
		}
		from := func(id call.Identity, text string) {
			s.Tell(call.DataReceived{ID: id, Topic: doorapi.TopicReaction, Payload: []byte(text)})
		}
		for range 100 {
			from("bob", "🎉")
		}
		from("nobody", "🎉")
		from("", "🎉")
		from("bob", "<b>")
		settle()
		if got := len(of[call.Reacted](r)) - 5; got != 10 {
			t.Errorf("%d reactions of a flood", got)
		}
		if n := len(of[call.DataReceived](r)); n != 0 {
			t.Errorf("%d are told as data, too", n)
		}
		pass(10 * time.Second)
		from("bob", "🎉")
		settle()
		if got := last[call.Reacted](r); got.ID != "bob" || got.Reaction != call.ReactionParty {
			t.Errorf("%+v", got)
		}
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
		settle()
		if err := r.try(engine.React{Reaction: call.ReactionYes}); !errors.Is(err, call.ErrMuted) {
			t.Errorf("muted: %v", err)
		}
		r.end()
	})
}

// The volume of a person is of all that is heard of them, now and later, and
// through reconnects; it ends with the stay.
func TestVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		voice := func(sid call.SID) call.Track {
			return call.Track{SID: sid, Source: call.SourceMicrophone, Kind: call.KindAudio}
		}
		hear := func(owner call.SID, track call.SID) {
			s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", owner, voice(track))})
			settle()
		}
		s.Tell(call.ParticipantJoined{Participant: person("bob", "PA_1", voice("TR_1"))})
		hear("PA_1", "TR_1")
		if got := r.media.Gain("TR_1"); got != 1 {
			t.Errorf("at first %v", got)
		}
		r.do(engine.SetVolume{ID: "bob", Percent: 150})
		settle()
		if got := last[call.VolumeChanged](r); r.media.Gain("TR_1") != 1.5 || got.ID != "bob" || got.Percent != 150 {
			t.Errorf("gain %v, %+v", r.media.Gain("TR_1"), got)
		}
		s.Tell(call.RosterReplaced{SessionID: "RM_1", Self: ourselves(), Republish: true, Participants: []call.Participant{person("bob", "PA_2", voice("TR_2"))}})
		hear("PA_2", "TR_2")
		if got := r.media.Gain("TR_2"); got != 1.5 {
			t.Errorf("after a reconnect %v", got)
		}
		for _, c := range []engine.SetVolume{{ID: "bob", Percent: -1}, {ID: "bob", Percent: 201}} {
			if err := r.try(c); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		if err := r.try(engine.SetVolume{ID: "eve", Percent: 10}); !errors.Is(err, call.ErrAlreadyGone) {
			t.Errorf("of nobody: %v", err)
		}
		r.end()
	})
}
