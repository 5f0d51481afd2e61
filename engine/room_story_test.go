package engine_test

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// seen rebuilds the roster from the events, as a window does.
func (r *rig) seen() map[call.Identity]call.Participant {
	people := map[call.Identity]call.Participant{}
	put := func(all []call.Participant) {
		clear(people)
		for _, p := range all {
			people[p.Identity] = p
		}
	}
	track := func(id call.Identity, t call.Track, there bool) {
		p := people[id]
		var tracks []call.Track
		for _, o := range p.Tracks {
			if o.SID != t.SID {
				tracks = append(tracks, o)
			}
		}
		if there {
			tracks = append(tracks, t)
		}
		p.Tracks = tracks
		people[id] = p
	}
	for _, s := range r.all() {
		switch ev := s.Event.(type) {
		case call.Joined:
			put(ev.Participants)
		case call.RoomUpdated:
			put(ev.Participants)
		case call.ParticipantJoined:
			people[ev.Participant.Identity] = ev.Participant
		case call.ParticipantUpdated:
			people[ev.Participant.Identity] = ev.Participant
		case call.ParticipantLeft:
			delete(people, ev.Participant.Identity)
		case call.TrackPublished:
			if !ev.Local {
				track(ev.ID, ev.Track, true)
			}
		case call.TrackUnpublished:
			if !ev.Local {
				track(ev.ID, ev.Track, false)
			}
		}
	}
	return people
}

// room is the server's own list, changed at random.
type room struct {
	people map[call.Identity]call.Participant
	sids   int
}

func (m *room) list() []call.Participant {
	var all []call.Participant
	for _, p := range m.people {
		all = append(all, p)
	}
	return all
}

func (m *room) newSID(prefix string) call.SID {
	m.sids++
	return call.SID(prefix + string(rune('a'+m.sids%26)) + time.Duration(m.sids).String())
}

// change does something to somebody and says what the server says then.
func (m *room) change(random *rng) call.SessionEvent {
	id := call.Identity([]string{"bob", "cyd", "dan", "eve", "fay"}[random.IntN(5)])
	p, there := m.people[id]
	switch n := random.IntN(10); {
	case !there || n == 0: // comes, or comes again from another device
		p = person(string(id), m.newSID("PA_"))
		m.people[id] = p
		return call.ParticipantJoined{Participant: p}
	case n < 3:
		delete(m.people, id)
		return call.ParticipantLeft{Participant: p, Reason: call.ReasonLeft}
	case n == 3: // the end of an earlier join, told late
		return call.ParticipantLeft{Participant: person(string(id), "PA_earlier")}
	case n < 6 && len(p.Tracks) > 0:
		t := p.Tracks[0]
		p.Tracks = append([]call.Track(nil), p.Tracks[1:]...)
		m.people[id] = p
		return call.TrackUnpublished{ID: id, Track: t}
	case n < 8:
		t := videoTrack(m.newSID("TR_"))
		p.Tracks = append(append([]call.Track(nil), p.Tracks...), t)
		m.people[id] = p
		return call.TrackPublished{ID: id, Track: t}
	case n == 8: // a full reconnect that found everything changed
		return call.RosterReplaced{
			Room: "room", SessionID: "RM_1", Self: person("ada", m.newSID("PA_")), Participants: m.list(), Republish: true,
		}
	default:
		p.Name += "+"
		m.people[id] = p
		return call.ParticipantUpdated{Participant: p}
	}
}

func TestJ5_O8_RosterEqualsTheServersList(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := newRandom(seed)
			model := &room{people: map[call.Identity]call.Participant{"bob": person("bob", "PA_bob")}}
			r := newRig(t, func(r *rig, _ *engine.Config) {
				r.dialer.First = func(req call.JoinRequest) *call.RosterReplaced {
					return &call.RosterReplaced{Room: "room", SessionID: "RM_1", Self: person("ada", "PA_0"), Participants: model.list()}
				}
			})
			s := r.joined()
			for range 60 {
				s.Tell(model.change(random))
				settle()
				if got := r.seen(); !reflect.DeepEqual(normal(got), normal(model.people)) {
					t.Fatalf("seed %d: seen %+v, server has %+v", seed, got, model.people)
				}
			}
			r.end()
		})
	}
}

func normal(people map[call.Identity]call.Participant) map[call.Identity]call.Participant {
	out := map[call.Identity]call.Participant{}
	for id, p := range people {
		if len(p.Tracks) == 0 {
			p.Tracks = nil
		}
		out[id] = p
	}
	return out
}

func TestK1_K2_RemovedWithoutAnyExitCall(t *testing.T) {
	for reason := range map[call.LeaveReason]bool{call.ReasonRemoved: true, call.ReasonDismissed: true} {
		synctest.Test(t, func(t *testing.T) {
			const members = 5
			var rigs []*rig
			for range members {
				r := newRig(t, slowClose(20*time.Millisecond))
				r.joined()
				rigs = append(rigs, r)
			}
			for _, r := range rigs {
				r.dialer.Last().Tell(call.SessionEnded{Reason: reason, By: "Eve", Text: "enough"})
			}
			pass(time.Second)
			for _, r := range rigs {
				if left := r.wantLeft(1, reason); left.By != "Eve" || left.Text != "enough" {
					t.Errorf("left %+v", left)
				}
				r.wantAllClosed()
				pass(time.Hour)
				if n := len(r.dialer.Sessions()); n != 1 {
					t.Errorf("rejoined by itself")
				}
				r.end()
			}
		})
	}
}

func TestK3_K4_OthersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.ParticipantJoined{Participant: person("bob", "PA_1", videoTrack("TR_1"))})
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		if sub := last[call.TrackSubscribed](r); sub.ID != "bob" || sub.Slot == nil {
			t.Errorf("subscribed %+v", sub)
		}
		// Bob comes from another device; nobody says that PA_1 is gone.
		s.Tell(call.ParticipantJoined{Participant: person("bob", "PA_2")})
		settle()
		if n := r.ledger.OpenNow("receiver"); n != 0 {
			t.Errorf("%d receivers of the earlier join", n)
		}
		s.Tell(call.ParticipantLeft{Participant: person("bob", "PA_1"), Reason: call.ReasonDuplicate})
		settle()
		if n := len(of[call.ParticipantLeft](r)); n != 0 {
			t.Error("the end of an earlier join took Bob out")
		}
		s.Tell(call.ParticipantLeft{Participant: person("bob", "PA_2"), Reason: call.ReasonConnectionLost})
		s.Tell(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "bob", Level: 1}}})
		s.Tell(call.QualityChanged{ID: "ada", Quality: call.QualityPoor})
		s.Tell(call.DataReceived{ID: "bob", Topic: "t", Payload: []byte("x")})
		settle()
		if ev := last[call.ParticipantLeft](r); ev.Reason != call.ReasonConnectionLost {
			t.Errorf("left %+v", ev)
		}
		if last[call.SpeakersChanged](r).Speakers[0].ID != "bob" || last[call.QualityChanged](r).ID != "ada" ||
			last[call.DataReceived](r).Topic != "t" {
			t.Error("not passed on")
		}
		r.do(engine.Leave{})
		settle()
		if left := r.wantLeft(1, call.ReasonLeft); left.People != 2 {
			t.Errorf("%d people", left.People)
		}
		r.end()
	})
}

func TestO6_O8_FullReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		bob := person("bob", "PA_1", videoTrack("TR_1"))
		s.Tell(call.ParticipantJoined{Participant: bob})
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		r.do(engine.SetTrackView{Track: "TR_1", Width: 320, Height: 180})
		r.do(engine.Mute{Source: call.SourceMicrophone})
		settle()
		s.Tell(call.SessionReconnecting{})
		settle()
		r.wantState(call.StateReconnecting)
		r.do(engine.Mute{Source: call.SourceCamera})
		r.do(engine.Unmute{Source: call.SourceCamera})
		s.Tell(call.RosterReplaced{Self: person("ada", "PA_9"), SessionID: "RM_1", Participants: []call.Participant{bob}, Republish: true})
		s.Tell(call.SessionReconnected{})
		settle()
		r.wantState(call.StateJoined)
		if n := r.ledger.OpenNow("receiver"); n != 0 {
			t.Errorf("%d receivers of the connection before", n)
		}
		if s.Published() != 4 || s.Muted(call.SourceCamera) || !s.Muted(call.SourceMicrophone) {
			t.Errorf("%d publications", s.Published())
		}
		if r.media.Sending(call.SourceCamera) != call.LocalTrack(s.Track(call.SourceCamera)) {
			t.Error("the camera is not sent on the new track")
		}
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		if v, wanted := s.Subscription("TR_1"); !wanted || v.Paused || v.Width != 320 || v.Height != 180 {
			t.Errorf("subscription %+v (%v)", v, wanted)
		}
		r.do(engine.Leave{})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.RemoteTrackReady{Track: enginetest.NewRemoteTrack("bob", "PA_1", videoTrack("TR_1"))})
		settle()
		r.do(engine.Stats{})
		settle()
		st := last[call.StatsReported](r)
		if len(st.Local) != 2 || len(st.Remote) != 1 || st.Remote[0].SID != "TR_1" {
			t.Errorf("stats %+v", st)
		}
		r.end()
	})
}

func TestRefreshDevices_Coalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lists := 0
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnList = func() ([]call.Device, enginetest.Step) {
				lists++
				step := enginetest.Step{Delay: time.Second}
				if lists == 3 {
					step.Err = errors.New("no")
				}
				return []call.Device{{Source: call.SourceCamera, ID: "c"}}, step
			}
		})
		for range 10 {
			r.do(engine.RefreshDevices{})
		}
		pass(5 * time.Second)
		if n := len(of[call.DevicesChanged](r)); n != 2 || lists != 2 {
			t.Errorf("%d answers, %d lists", n, lists)
		}
		r.do(engine.RefreshDevices{})
		pass(5 * time.Second)
		if f := last[call.CommandFailed](r); f.Command != "devices" {
			t.Errorf("%+v", f)
		}
		r.end()
	})
}
