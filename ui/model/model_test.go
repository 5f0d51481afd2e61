package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/eventqueue"
)

var epoch = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

func apply(s *State, events ...call.Event) {
	for _, e := range events {
		s.Apply(eventqueue.Stamped{At: epoch, Event: e})
	}
}

func person(id, sid string, tracks ...call.Track) call.Participant {
	return call.Participant{Identity: call.Identity(id), SID: call.SID(sid), Name: strings.ToUpper(id), Tracks: tracks}
}

func camera(sid string) call.Track {
	return call.Track{SID: call.SID(sid), Source: call.SourceCamera, Kind: call.KindVideo}
}

func mic(sid string, muted bool) call.Track {
	return call.Track{SID: call.SID(sid), Source: call.SourceMicrophone, Kind: call.KindAudio, Muted: muted}
}

func joined(others ...call.Participant) *State {
	s := New()
	s.Begin(Attempt{Since: epoch, Camera: true, Mic: true})
	apply(s, call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "r", Title: "T", Self: person("me", "PA_me"), Participants: others})
	return s
}

// names draws the tiles as text: name, then flags.
func names(s *State) string {
	var all []string
	for _, t := range s.Tiles() {
		text := string(t.ID)
		if t.Source == call.SourceScreen {
			text += ":screen"
		}
		if t.Slot != nil {
			text += "*"
		}
		if t.MicMuted {
			text += "-"
		}
		if t.Speaking {
			text += "!"
		}
		if t.Lost {
			text += "?"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// Lists of events lead to tiles: * has video, - is muted, ! speaks, ? is lost.
func TestTiles(t *testing.T) {
	slot := &call.FrameSlot{}
	ann := person("ann", "PA_1", camera("V1"), mic("A1", false))
	tests := []struct {
		name   string
		events []call.Event
		want   string
	}{
		{"alone", nil, "me"},
		{"somebody joins", []call.Event{call.ParticipantJoined{Participant: ann}}, "me ann"},
		{"twice is once", []call.Event{call.ParticipantJoined{Participant: ann}, call.ParticipantJoined{Participant: ann}}, "me ann"},
		{"a picture comes", []call.Event{call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot}}, "me ann*"},
		{"a muted camera shows initials", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot}, call.TrackMuted{ID: "ann", Track: camera("V1")},
		}, "me ann"},
		{"and comes back", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot},
			call.TrackMuted{ID: "ann", Track: camera("V1")}, call.TrackUnmuted{ID: "ann", Track: camera("V1")},
		}, "me ann*"},
		{"unsubscribed", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot}, call.TrackUnsubscribed{ID: "ann", Track: camera("V1")},
		}, "me ann"},
		{"unpublished", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot}, call.TrackUnpublished{ID: "ann", Track: camera("V1")},
		}, "me ann"},
		{"muted microphone", []call.Event{call.ParticipantJoined{Participant: ann}, call.TrackMuted{ID: "ann", Track: mic("A1", false)}}, "me ann-"},
		{"no microphone counts as muted", []call.Event{call.ParticipantJoined{Participant: person("bob", "PA_2")}}, "me bob-"},
		{"speaks", []call.Event{call.ParticipantJoined{Participant: ann}, call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "ann", Level: 0.3}}}}, "me ann!"},
		{"stops to speak", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "ann", Level: 0.3}}}, call.SpeakersChanged{},
		}, "me ann"},
		{"lost is never a frozen face", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot},
			call.ParticipantUpdated{Participant: call.Participant{Identity: "ann", SID: "PA_1", Tracks: ann.Tracks, Lost: true}},
		}, "me ann?"},
		{"back again with the same picture", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot},
			call.ParticipantUpdated{Participant: call.Participant{Identity: "ann", SID: "PA_1", Tracks: ann.Tracks, Lost: true}}, call.ParticipantUpdated{Participant: ann},
		}, "me ann*"},
		{"leaves", []call.Event{call.ParticipantJoined{Participant: ann}, call.ParticipantLeft{Participant: ann, Reason: call.ReasonLeft}}, "me"},
		{"another device takes over, the old one's leave is late", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.ParticipantJoined{Participant: person("bob", "PA_2")},
			call.ParticipantJoined{Participant: person("ann", "PA_9")}, call.ParticipantLeft{Participant: ann, Reason: call.ReasonDuplicate},
		}, "me ann- bob-"},
		{"a screen comes first", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: call.Track{SID: "S", Source: call.SourceScreen}, Slot: slot},
		}, "ann:screen* me ann"},
		{"nobody can take ourselves away", []call.Event{call.ParticipantLeft{Participant: person("me", "PA_me")}, call.ParticipantJoined{Participant: person("me", "PA_x")}}, "me"},
		{"a full reconnect replaces the roster and keeps places (O8)", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.ParticipantJoined{Participant: person("bob", "PA_2")},
			call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot},
			call.RoomUpdated{Self: person("me", "PA_me2"), Participants: []call.Participant{person("eve", "PA_5"), person("ann", "PA_1", camera("V1"), mic("A1", false))}},
		}, "me ann* eve-"},
		{"a track that came back with another name shows nothing old", []call.Event{
			call.ParticipantJoined{Participant: ann}, call.TrackSubscribed{ID: "ann", Track: camera("V1"), Slot: slot},
			call.RoomUpdated{Self: person("me", "PA_me2"), Participants: []call.Participant{person("ann", "PA_1", camera("V2"), mic("A1", false))}},
		}, "me ann"},
		{"strangers are ignored", []call.Event{
			call.TrackSubscribed{ID: "who", Track: camera("V"), Slot: slot}, call.TrackMuted{ID: "who", Track: camera("V")},
			call.QualityChanged{ID: "who"}, call.ParticipantUpdated{Participant: person("who", "PA")}, call.ParticipantLeft{Participant: person("who", "PA")},
		}, "me"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := joined()
			apply(s, tt.events...)
			if got := names(s); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestOwnButtons(t *testing.T) {
	local := func(s call.Source) call.Track { return call.Track{SID: "L", Source: s} }
	s := joined()
	if !s.Local[call.SourceCamera].On() || !s.Local[call.SourceMicrophone].On() {
		t.Error("what the stay begins with is not shown as coming")
	}
	slot := &call.FrameSlot{}
	apply(s, call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: slot}, call.TrackPublished{Local: true, Track: local(call.SourceCamera)})
	if got := names(s); got != "me*" {
		t.Errorf("tiles %q", got)
	}
	s.Ask(call.SourceCamera, false)
	if s.Local[call.SourceCamera].On() {
		t.Error("the button waits for the engine")
	}
	apply(s, call.TrackPublished{Local: true, Track: local(call.SourceCamera)}) // an older answer
	if s.Local[call.SourceCamera].On() {
		t.Error("an older answer turns the button back")
	}
	apply(s, call.TrackMuted{Local: true, Track: local(call.SourceCamera)})
	if l := s.Local[call.SourceCamera]; l.On() || l.Pending {
		t.Errorf("after muting: %+v", l)
	}
	s.Ask(call.SourceCamera, true)
	apply(s, call.CommandFailed{Command: "unmute", Source: call.SourceCamera, Err: call.ErrDeviceBusy})
	if s.Local[call.SourceCamera].On() || len(s.Notices) != 1 {
		t.Error("a failure leaves the button on, or is not told")
	}
	s.Ask(call.SourceMicrophone, true)
	apply(s, call.TrackMuted{Local: true, Track: local(call.SourceMicrophone), ByHost: true})
	if s.Local[call.SourceMicrophone].On() || s.Notices[1].Kind != NoticeMutedByHost {
		t.Error("the host's mute is not shown")
	}
}

// What the room's rules forbid is never shown as on (contract K10). One notice says
// so, and what the user can do about it.
func TestK10_RulesTurnButtonsOff(t *testing.T) {
	muted := call.Standing{Role: call.RoleParticipant, Muted: true}
	listener := call.Standing{Role: call.RoleListener}
	free := call.Standing{Role: call.RoleParticipant}
	track := func(s call.Source, muted bool) call.Track { return call.Track{SID: "L", Source: s, Muted: muted} }
	refused := func(s call.Source) call.Event {
		return call.CommandFailed{Command: "publish", Source: s, Err: fmt.Errorf("room: %w", call.ErrListener)}
	}
	byHost := call.TrackMuted{Local: true, Track: track(call.SourceMicrophone, true), ByHost: true}
	published := func(s call.Source) call.Event { return call.TrackPublished{Local: true, Track: track(s, false)} }
	tests := []struct {
		name        string
		permissions call.Standing // on joining
		events      []call.Event
		camera, mic bool
		notices     []NoticeKind
	}{
		{"at liberty", free, nil, true, true, nil},
		{"without a door", call.Standing{Muted: true}, nil, true, true, nil},
		{"joins a muted room", muted, nil, true, false, []NoticeKind{NoticeKeptMuted}},
		{"and publishes there", muted, []call.Event{
			published(call.SourceCamera), call.TrackPublished{Local: true, Track: track(call.SourceMicrophone, true)},
		}, true, false, []NoticeKind{NoticeKeptMuted}},
		{"joins to listen", listener, nil, false, false, []NoticeKind{NoticeListening}},
		{"and hears that nothing is published", listener, []call.Event{
			refused(call.SourceCamera), refused(call.SourceMicrophone),
		}, false, false, []NoticeKind{NoticeListening}},
		{"is muted by the door", free, []call.Event{
			published(call.SourceMicrophone), call.RulesChanged{Standing: muted}, byHost,
		}, true, false, []NoticeKind{NoticeKeptMuted}},
		{"hears of the mute before the rule", free, []call.Event{
			published(call.SourceMicrophone), byHost, call.RulesChanged{Standing: muted},
		}, true, false, []NoticeKind{NoticeKeptMuted}},
		{"is muted by LiveKit's own means", free, []call.Event{published(call.SourceMicrophone), byHost}, true, false, []NoticeKind{NoticeMutedByHost}},
		{"is muted twice", free, []call.Event{call.RulesChanged{Standing: muted}, call.RulesChanged{Standing: call.Standing{
			Role: call.RoleParticipant, Muted: true, ChatOff: true,
		}}}, true, false, []NoticeKind{NoticeKeptMuted}},
		{"may speak again, and does not do so from afar", muted, []call.Event{
			call.TrackPublished{Local: true, Track: track(call.SourceMicrophone, true)}, call.RulesChanged{Standing: free},
		}, true, false, nil},
		{"becomes a listener", free, []call.Event{
			published(call.SourceCamera), call.RulesChanged{Standing: listener}, refused(call.SourceMicrophone),
			call.TrackUnpublished{Local: true, Track: track(call.SourceCamera, false)},
		}, false, false, []NoticeKind{NoticeListening}},
		{"is a listener no more", listener, []call.Event{call.RulesChanged{Standing: free}}, false, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New()
			s.Begin(Attempt{Since: epoch, Camera: true, Mic: true})
			apply(s, call.Joined{Room: "r", Self: person("me", "PA_me"), Standing: tt.permissions})
			apply(s, tt.events...)
			if c, m := s.Local[call.SourceCamera].On(), s.Local[call.SourceMicrophone].On(); c != tt.camera || m != tt.mic {
				t.Errorf("camera %v, microphone %v, want %v, %v", c, m, tt.camera, tt.mic)
			}
			var kinds []NoticeKind
			for _, n := range s.Notices {
				kinds = append(kinds, n.Kind)
			}
			if !slices.Equal(kinds, tt.notices) {
				t.Errorf("notices %v, want %v", kinds, tt.notices)
			}
		})
	}
}

// A command that the rules overtake is not pending forever, one that they let
// through is; what a listener asks for all the same is answered.
func TestRulesAndCommands(t *testing.T) {
	s := joined()
	apply(s, call.TrackPublished{Local: true, Track: call.Track{SID: "L", Source: call.SourceMicrophone, Muted: true}})
	s.Ask(call.SourceMicrophone, true)
	apply(s, call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
	if l := s.Local[call.SourceMicrophone]; l.On() || l.Pending || !l.Published {
		t.Errorf("unmuting while being muted: %+v", l)
	}
	if l := s.Local[call.SourceCamera]; !l.On() {
		t.Errorf("the camera has nothing to do with it: %+v", l)
	}
	apply(s, call.RulesChanged{Standing: call.Standing{Role: call.RoleListener}})
	s.Refuse("publish", call.SourceCamera, call.ErrListener, epoch)
	if n := s.Notices[len(s.Notices)-1]; n.Kind != NoticeFailed || !errors.Is(n.Err, call.ErrListener) {
		t.Errorf("a listener's camera: %+v", n)
	}
	apply(s, call.Left{Reason: call.ReasonLeft})
	if s.Standing != (call.Standing{}) {
		t.Errorf("outside: %+v", s.Standing)
	}
}

func TestScreens(t *testing.T) {
	left := func(r call.LeaveReason, err error) call.Left { return call.Left{Reason: r, Err: err} }
	tests := []struct {
		name string
		make func() *State
		want Screen
	}{
		{"a stay that ended", func() *State { s := joined(); apply(s, left(call.ReasonLeft, nil)); return s }, ScreenFarewell},
		{"put out", func() *State { s := joined(); apply(s, left(call.ReasonDismissed, nil)); return s }, ScreenFarewell},
		{"join failed", func() *State {
			s := New()
			s.Begin(Attempt{})
			apply(s, left(call.ReasonJoinFailed, call.ErrRoomFull))
			return s
		}, ScreenFarewell},
		{"given up", func() *State {
			s := New()
			s.Begin(Attempt{})
			s.Cancel()
			apply(s, call.Left{Reason: call.ReasonLeft, Preview: true})
			return s
		}, ScreenLobby},
		{"given up, after it had failed", func() *State {
			s := New()
			s.Begin(Attempt{})
			s.Cancel()
			apply(s, left(call.ReasonJoinFailed, call.ErrRoomFull))
			return s
		}, ScreenLobby},
		{"given up, told as a failure", func() *State {
			s := New()
			s.Begin(Attempt{})
			apply(s, left(call.ReasonJoinFailed, fmt.Errorf("dial: %w", call.ErrCancelled)))
			return s
		}, ScreenLobby},
		{"goes on to the next room", func() *State {
			s := joined()
			s.Begin(Attempt{Room: "other"})
			apply(s, left(call.ReasonLeft, nil))
			return s
		}, ScreenLobby},
		{"switched", func() *State { s := joined(); apply(s, left(call.ReasonSwitched, nil)); return s }, ScreenRoom},
		{"back to the lobby", func() *State { s := joined(); apply(s, left(call.ReasonLeft, nil)); s.ToLobby(); return s }, ScreenLobby},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.make().Screen; got != tt.want {
				t.Errorf("shows the %s, want the %s", got, tt.want)
			}
		})
	}
}

// After Left nothing of the room is kept but the farewell.
func TestLeftForgetsTheRoom(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	apply(s, call.TrackPublished{Local: true, Track: camera("L")}, call.ParticipantLeft{Participant: person("ann", "PA_1")})
	apply(s, call.Left{Reason: call.ReasonRoomClosed})
	if len(s.People) != 0 || len(s.Local) != 0 || len(s.Notices) != 0 || s.Room.ID != "" {
		t.Errorf("left behind: %+v", s)
	}
	if s.Left.Title != "T" {
		t.Errorf("the farewell does not know the room: %+v", s.Left)
	}
	apply(s, call.ParticipantJoined{Participant: person("late", "PA")}, call.SpeakersChanged{}, call.TrackSubscribed{ID: "late"}, call.RoomUpdated{})
	if len(s.People) != 0 {
		t.Error("late events fill the room again")
	}
}

func TestPreviewTroubleIsShownInPlace(t *testing.T) {
	s := New()
	s.AskPreview(call.SourceCamera)
	apply(s, call.CommandFailed{Command: "preview", Source: call.SourceCamera, Err: call.ErrDeviceBusy})
	if s.Opening[call.SourceCamera] || !errors.Is(s.Trouble[call.SourceCamera], call.ErrDeviceBusy) || len(s.Notices) != 0 {
		t.Errorf("%+v", s)
	}
	apply(s, call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: &call.FrameSlot{}})
	if s.Trouble[call.SourceCamera] != nil {
		t.Error("the trouble stays")
	}
	apply(s, call.PreviewStopped{Device: call.Device{Source: call.SourceCamera}}, call.DeviceLost{Device: call.Device{Source: call.SourceCamera, Name: "HD"}})
	if !errors.Is(s.Trouble[call.SourceCamera], call.ErrDeviceLost) {
		t.Errorf("a lost camera is not told: %v", s.Trouble)
	}
	apply(s, call.CommandFailed{Command: "start", Err: call.ErrRoomServerFailed})
	if len(s.Notices) != 1 {
		t.Error("an error without a device has no place")
	}
}

func TestNoticesAreBounded(t *testing.T) {
	s := joined()
	for i := range 1000 {
		s.Apply(eventqueue.Stamped{At: epoch.Add(time.Duration(i) * arrivals), Event: call.ParticipantJoined{
			Participant: person(fmt.Sprint("p", i), "PA"),
		}})
	}
	if len(s.Notices) != maxNotices || s.Notices[maxNotices-1].Name != "P999" {
		t.Errorf("%d notices", len(s.Notices))
	}
	id := s.Notices[3].ID
	s.Dismiss(id)
	s.Dismiss(id)
	if len(s.Notices) != maxNotices-1 {
		t.Errorf("%d notices", len(s.Notices))
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace": "AL", "Linus": "L", "": "?", "  ": "?", "🙂": "🙂", "👩‍💻": "👩‍💻", "❤️ 🦊": "❤️", "🇩🇪": "🇩🇪", "\u2800\u3164": "?",
		"क्षत्रिय हिन्दी": "क्षहि", "नमस्ते": "न", "ಕನ್ನಡ": "ಕ", "e\u0301mile": "É", "กำธร ใจดี": "กำใ", "Paul (2)": "P2", "محمد علي": "مع", "\u200bAda": "A",
		"ǆ": "ǅ", "jean-luc picard": "JP", "王小明": "王", "émile zola": "ÉZ", "a b c d": "AD", "(x)": "X",
	} {
		if got := Initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzInitials(f *testing.F) {
	f.Add("Ada Lovelace")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, name string) {
		got := Initials(name)
		if got != "?" && !call.Visible(got) || !utf8.ValidString(got) || len(got) > 2*len(name)+1 {
			t.Errorf("%q gives %q", name, got)
		}
	})
}

// TestWhatFailsWhileJoiningIsToldInTheRoom: the engine has taken those wishes back, and
// nobody sees the lobby any more.
func TestWhatFailsWhileJoiningIsToldInTheRoom(t *testing.T) {
	s := New()
	s.Begin(Attempt{Start: true, Camera: true, Mic: true})
	apply(s,
		call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: call.ErrDeviceMissing},
		call.CommandFailed{Command: "select_device", Source: call.SourceSpeaker, Err: call.ErrDeviceMissing},
		call.Joined{Room: "r", Self: person("me", "PA")},
	)
	if cam, mic := s.Local[call.SourceCamera], s.Local[call.SourceMicrophone]; cam.On() || cam.Pending || !mic.On() {
		t.Errorf("camera %+v, microphone %+v", cam, mic)
	}
	if len(s.Notices) != 2 || s.Notices[0].Source != call.SourceCamera || s.Notices[1].Source != call.SourceSpeaker {
		t.Errorf("told: %+v", s.Notices)
	}
	apply(s, call.Left{Reason: call.ReasonLeft})
	s.Begin(Attempt{Start: true, Camera: true})
	apply(s, call.Joined{Room: "r", Self: person("me", "PA")})
	if !s.Local[call.SourceCamera].On() || len(s.Notices) != 0 {
		t.Errorf("the next stay: %+v, %+v", s.Local, s.Notices)
	}
}

// TestLinkGrows: the link of our own room has the addresses that its server was told
// last, also if that was before we were in it. Other rooms keep theirs.
func TestLinkGrows(t *testing.T) {
	router := reach.Router{State: reach.Opened, Outside: "203.0.113.5:7843", By: "pcp"}
	for _, hosting := range []bool{true, false} {
		for _, early := range []bool{true, false} {
			s := New()
			link := call.Link{Hosts: []string{"192.168.1.10:7843"}, Room: "mine", Secret: "secret"}
			grown := call.RoomServerReached{Hosts: []string{"203.0.113.5:7843", "192.168.1.10:7843"}, Router: router}
			events := []call.Event{call.Joined{Room: "mine", Link: link, Hosting: hosting}, grown}
			if early {
				slices.Reverse(events)
			}
			apply(s, events...)
			if got := s.Room.Link.Hosts; slices.Equal(got, grown.Hosts) != hosting || (s.Room.Router == router) != hosting {
				t.Errorf("hosting %v, early %v: %v, %+v", hosting, early, got, s.Room.Router)
			}
			if s.Room.Link.Secret != "secret" {
				t.Error("the link has lost its secret")
			}
		}
	}
}

// TestFirstFromOutside: the first who came from outside to our own room is told of as
// such, once; in the room of another computer nobody is.
func TestFirstFromOutside(t *testing.T) {
	for _, hosting := range []bool{true, false} {
		s := joined()
		s.Room.Hosting = hosting
		for _, id := range []string{"near", "grace", "linus"} {
			p := person(id, "PA_"+id)
			p.Outside = id != "near"
			apply(s, call.ParticipantJoined{Participant: p})
		}
		told := 0
		for _, n := range s.Notices {
			if n.Outside {
				told++
			}
		}
		want, name := 0, ""
		if hosting {
			want, name = 1, "GRACE"
		}
		if told != want || s.Room.Outside != name {
			t.Errorf("hosting %v: %d notices, %q", hosting, told, s.Room.Outside)
		}
	}
}

// TestOutsideIsNotForEver: who came in by a way that is gone says nothing of the others, and
// the next one is told of.
func TestOutsideIsNotForEver(t *testing.T) {
	s := joined()
	s.Room.Hosting = true
	near, far := "192.168.1.10:7843", "203.0.113.5:7843"
	opened := call.RoomServerReached{Hosts: []string{far, near}, Router: reach.Router{State: reach.Opened, Outside: far}}
	come := func(id string) {
		p := person(id, "PA_"+id)
		p.Outside = true
		apply(s, call.ParticipantJoined{Participant: p})
	}
	apply(s, opened)
	come("grace")
	apply(s, opened)
	if s.Room.Outside != "GRACE" {
		t.Errorf("as long as nothing changes: %q", s.Room.Outside)
	}
	apply(s, call.RoomServerReached{Hosts: []string{near}, Router: reach.Router{State: reach.SecondNAT}})
	if s.Room.Outside != "" {
		t.Errorf("in another network: %q", s.Room.Outside)
	}
	come("linus")
	if s.Room.Outside != "LINUS" {
		t.Errorf("the next one: %q", s.Room.Outside)
	}
}
