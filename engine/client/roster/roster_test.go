package roster

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/roster/rostertest"
	"foyer/engine/doorapi"
)

func TestRosterStory(t *testing.T) {
	r := New(rostertest.Join(rostertest.Info("bob", "PA_b1", 1)), false, false)
	for _, step := range []struct {
		what string
		in   *livekit.ParticipantInfo
		want string
	}{
		{"the same again", rostertest.Info("bob", "PA_b1", 1), ""},
		{"somebody new", rostertest.Info("cyd", "PA_c", 1, rostertest.Camera("TR_1", false)), "ParticipantJoined"},
		{"a track", rostertest.Info("bob", "PA_b1", 2, rostertest.Camera("TR_2", false)), "TrackPublished:TR_2 ParticipantUpdated"},
		{"late news", rostertest.Info("bob", "PA_b1", 1), ""},
		{"muted", rostertest.Info("bob", "PA_b1", 3, rostertest.Camera("TR_2", true)), "TrackMuted ParticipantUpdated"},
		{"unmuted", rostertest.Info("bob", "PA_b1", 4, rostertest.Camera("TR_2", false)), "TrackUnmuted ParticipantUpdated"},
		{"replaced track", rostertest.Info("bob", "PA_b1", 5, rostertest.Camera("TR_3", false)), "TrackUnpublished:TR_2 TrackPublished:TR_3 ParticipantUpdated"},
		{"another device", rostertest.Info("bob", "PA_b2", 9), "ParticipantLeft:duplicate ParticipantJoined"},
		{"the first device ends", rostertest.Gone(rostertest.Info("bob", "PA_b1", 6), livekit.DisconnectReason_DUPLICATE_IDENTITY), ""},
		{"late news of the first device", rostertest.Info("bob", "PA_b1", 7), ""},
		{"removed", rostertest.Gone(rostertest.Info("bob", "PA_b2", 9), livekit.DisconnectReason_PARTICIPANT_REMOVED), "ParticipantLeft:removed"},
		{"removed twice", rostertest.Gone(rostertest.Info("bob", "PA_b2", 9), livekit.DisconnectReason_PARTICIPANT_REMOVED), ""},
		{"lost", rostertest.Gone(rostertest.Info("cyd", "PA_c", 1), livekit.DisconnectReason_CONNECTION_TIMEOUT), "ParticipantLeft:connection_lost"},
		{"ourselves", rostertest.Info("ada", "PA_ada", 4), ""},
		{"our old connection", rostertest.Gone(rostertest.Info("ada", "PA_old", 1), livekit.DisconnectReason_DUPLICATE_IDENTITY), ""},
		{"nobody", &livekit.ParticipantInfo{}, ""},
	} {
		if got := rostertest.EventNames(r.Apply(step.in)); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	if len(r.people) != 0 || len(r.sids) != 0 {
		t.Errorf("left over: %v %v", r.people, r.sids)
	}
}

// TestRosterUnseen: who came and went between two updates is news for an
// observer alone.
func TestRosterUnseen(t *testing.T) {
	for observes, want := range map[bool]string{false: "", true: "ParticipantLeft:removed"} {
		r := New(rostertest.Join(), false, false)
		r.observes = observes
		got := r.Apply(rostertest.Gone(rostertest.Info("bob", "PA_b1", 1), livekit.DisconnectReason_PARTICIPANT_REMOVED))
		if rostertest.EventNames(got) != want || len(r.people) != 0 || len(r.sids) != 0 {
			t.Errorf("observes %v: %q, want %q; left over: %v %v", observes, rostertest.EventNames(got), want, r.people, r.sids)
		}
	}
}

// TestJ5_RosterStorm applies random histories and compares with the last states
// (contract J5).
func TestJ5_RosterStorm(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := New(rostertest.Join(), false, false)
		truth := map[string]*livekit.ParticipantInfo{}
		seen := map[call.Identity]call.Participant{}
		for version := range uint32(100) {
			id := string(rune('p' + random.IntN(5)))
			p := truth[id]
			switch {
			case p == nil || random.IntN(6) == 0:
				p = rostertest.Info(id, "PA_"+id+string(rune('a'+version%26)), version+1)
			case random.IntN(4) == 0:
				p = rostertest.Gone(p, livekit.DisconnectReason_CLIENT_INITIATED)
			default:
				p = rostertest.Info(id, p.Sid, version+1, rostertest.Camera("TR_"+string(rune('a'+random.IntN(4))), random.IntN(2) == 0))
			}
			truth[id] = p
			if p.State == livekit.ParticipantInfo_DISCONNECTED {
				delete(truth, id)
			}
			follow(t, seen, r.Apply(p))
		}
		if len(seen) != len(truth) || len(r.people) != len(truth) {
			t.Fatalf("seed %d: %d people, events say %d, truth is %d", seed, len(r.people), len(seen), len(truth))
		}
		for id, p := range truth {
			want := (&Roster{}).read(p, nil)
			if got := seen[call.Identity(id)]; got.SID != want.SID || !slices.Equal(got.Tracks, want.Tracks) {
				t.Fatalf("seed %d: %s is %+v, want %+v", seed, id, got, want)
			}
		}
	}
}

// follow keeps a roster by the events alone, as a reader of them does.
func follow(t *testing.T, seen map[call.Identity]call.Participant, events []call.SessionEvent) {
	t.Helper()
	for _, e := range events {
		switch e := e.(type) {
		case call.ParticipantJoined:
			if _, twice := seen[e.Participant.Identity]; twice {
				t.Fatalf("%s joins twice", e.Participant.Identity)
			}
			seen[e.Participant.Identity] = e.Participant
		case call.ParticipantUpdated:
			seen[e.Participant.Identity] = e.Participant
		case call.ParticipantLeft:
			if _, there := seen[e.Participant.Identity]; !there {
				t.Fatalf("%s leaves twice", e.Participant.Identity)
			}
			delete(seen, e.Participant.Identity)
		}
	}
}

func TestO8_RosterReplace(t *testing.T) {
	r := New(rostertest.Join(rostertest.Info("bob", "PA_b", 1), rostertest.Info("cyd", "PA_c", 1), rostertest.Info("dan", "PA_d", 1)), false, false)
	got := rostertest.EventNames(r.Replace([]*livekit.ParticipantInfo{
		{Sid: "PA_ada", Identity: "ada"}, rostertest.Info("bob", "PA_b", 1), rostertest.Info("cyd", "PA_c2", 5), rostertest.Info("eve", "PA_e", 1),
	}))
	if want := "ParticipantLeft:left ParticipantLeft:duplicate ParticipantJoined ParticipantJoined"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSpeakersAndQuality(t *testing.T) {
	r := New(rostertest.Join(rostertest.Info("bob", "PA_b", 1), rostertest.Info("cyd", "PA_c", 1)), false, false)
	speakers := func(events []call.SessionEvent) []call.SpeakerLevel {
		return events[0].(call.SpeakersChanged).Speakers
	}
	r.ApplySpeakers([]*livekit.SpeakerInfo{{Sid: "PA_b", Level: 0.2, Active: true}})
	got := speakers(r.ApplySpeakers([]*livekit.SpeakerInfo{{Sid: "PA_ada", Level: 7, Active: true}, {Sid: "PA_?", Level: 1, Active: true}}))
	if want := []call.SpeakerLevel{{ID: "ada", Level: 1}, {ID: "bob", Level: 0.2}}; !slices.Equal(got, want) {
		t.Errorf("speakers %v, want %v", got, want)
	}
	if got := rostertest.EventNames(r.Apply(rostertest.Gone(rostertest.Info("bob", "PA_b", 1), 1))); got != "ParticipantLeft:left SpeakersChanged" {
		t.Errorf("a leaving speaker: %s", got)
	}
	quality := func(q livekit.ConnectionQuality) string {
		return rostertest.EventNames(r.ApplyQualities([]*livekit.ConnectionQualityInfo{{ParticipantSid: "PA_c", Quality: q}}))
	}
	if got := quality(livekit.ConnectionQuality_LOST); got != "QualityChanged ParticipantUpdated" || !r.people["cyd"].Lost {
		t.Errorf("lost: %s", got)
	}
	r.Apply(rostertest.Info("cyd", "PA_c", 2, rostertest.Camera("TR_1", false)))
	if !r.people["cyd"].Lost {
		t.Error("a track cleared the mark of a lost connection")
	}
	if got := quality(livekit.ConnectionQuality_GOOD); got != "QualityChanged ParticipantUpdated" || r.people["cyd"].Lost {
		t.Errorf("back: %s", got)
	}
}

func TestNamesAreCleaned(t *testing.T) {
	p := (&Roster{}).read(&livekit.ParticipantInfo{
		Sid: "PA_1", Identity: "bob", Name: "Bob\u202E\n", Tracks: []*livekit.TrackInfo{{
			Sid: "TR_1", Name: "cam\u2067\x07era", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA,
		}},
	}, nil)
	if p.Name != "Bob" || p.Tracks[0].Name != "camera" {
		t.Errorf("participant: %q, track %q", p.Name, p.Tracks[0].Name)
	}
}

// A door says who has which role, and whose hand is up. At a server without one
// anybody could say so, and nobody is believed.
func TestRolesAndHands(t *testing.T) {
	said := func(id, role, hand string) *livekit.ParticipantInfo {
		info := rostertest.Info(id, "PA_"+id, 1)
		info.Attributes = map[string]string{doorapi.AttributeRole: role, doorapi.AttributeHand: hand}
		return info
	}
	r := New(rostertest.Join(said("bob", "cohost", "12")), false, true)
	if p, _ := r.Get("bob"); p.Role != call.RoleCoHost || p.Hand != 12 {
		t.Errorf("%+v", p)
	}
	changed := said("bob", "king", "-3")
	changed.Version = 2
	events := r.Apply(changed)
	if p, _ := r.Get("bob"); p.Role != "" || p.Hand != 0 || len(events) != 1 {
		t.Errorf("nonsense: %+v, %v", p, events)
	}
	self := said(string(r.Self().Identity), "listener", "7")
	self.Sid, self.Version = string(r.Self().SID), 9
	events = r.Apply(self)
	if len(events) != 1 || r.Self().Hand != 7 {
		t.Errorf("ours: %+v, %v", r.Self(), events)
	}
	if events = r.Apply(self); len(events) != 0 {
		t.Errorf("the same again: %v", events)
	}
	r = New(rostertest.Join(said("bob", "host", "1")), false, false)
	if p, _ := r.Get("bob"); p.Role != "" || p.Hand != 0 {
		t.Errorf("without a door: %+v", p)
	}
}
