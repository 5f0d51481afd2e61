package view

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	over "foyer/ui/small"
)

// smallScreens are states of the small window that stays above all others.
func smallScreens() []screen {
	speaks := func(s *stand) {
		s.enter(4)
		s.apply(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u0", Level: 0.4}}})
		s.now = s.now.Add(2 * time.Second)
		s.state.Screens.Settle(s.now)
	}
	return []screen{
		{"speaker", "light", speaks},
		{"muted", "dark", func(s *stand) {
			speaks(s)
			s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}})
		}},
		{"lost", "", func(s *stand) {
			speaks(s)
			s.apply(call.ParticipantUpdated{Participant: call.Participant{Identity: "u0", SID: "PA_u0", Name: "Grace Hopper"}})
			s.state.Person("u0").Lost = true
		}},
		{"alone", "dark", func(s *stand) { s.enter(1) }},
	}
}

// showSmall shows a state in a window of that size.
func (s *stand) showSmall(size fyne.Size) {
	v := over.New(s.book, over.Config{Actions: s.act, Now: func() time.Time { return s.now }, Tick: func(time.Time) {}, Back: func() {}})
	s.win.SetContent(v.Content)
	s.win.Resize(size)
	v.Update(s.state)
	s.win.Canvas().Capture()
	for i, slot := range s.slots() {
		writeFrame(slot, i)
	}
	s.now = s.now.Add(time.Second)
	v.Tick()
}

func TestSmallWindowLooks(t *testing.T) {
	drawsMuch(t)
	for _, sc := range smallScreens() {
		for name := range strings.FieldsSeq(sc.looks) {
			t.Run(sc.name+" "+name, func(t *testing.T) {
				s := newStand(t, over.Size(), looks()[name].variant)
				sc.prepare(s)
				s.showSmall(over.Size())
				s.golden("over-" + sc.name + looks()[name].name)
			})
		}
	}
}

// In every language the words have room, or are shortened: the buttons stay inside.
func TestSmallWindowInLanguages(t *testing.T) {
	for _, code := range []string{"en", "de", "zh"} {
		s := newStandIn(t, code, fyne.NewSize(200, 165), fynetheme.VariantDark)
		s.enter(2)
		s.showSmall(fyne.NewSize(200, 165))
		s.buttonsFit(s.win.Content())
		if m := s.win.Content().MinSize(); m.Width > 200 || m.Height > 165 {
			t.Errorf("%s: it takes %v at least", code, m)
		}
	}
}

// One remote video is asked for, that of whoever is shown, and given back at the end.
func TestSmallWindowAsksForOneVideo(t *testing.T) {
	s := newStand(t, over.Size(), fynetheme.VariantDark)
	s.enter(4)
	v := over.New(s.book, over.Config{Actions: s.act, Now: func() time.Time { return s.now }, Tick: func(time.Time) {}, Back: func() {}})
	shown := map[call.SID]bool{}
	s.act.track = func(sid call.SID, hidden bool) { shown[sid] = !hidden }
	seen := func(want ...call.SID) {
		t.Helper()
		n := 0
		for _, on := range shown {
			if on {
				n++
			}
		}
		for _, sid := range want {
			if !shown[sid] {
				t.Errorf("%s is not asked for", sid)
			}
		}
		if n != len(want) {
			t.Errorf("%d videos are asked for: %v", n, shown)
		}
	}
	v.Update(s.state)
	seen("TR_V0")
	s.apply(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u1", Level: 0.4}}})
	s.now = s.now.Add(2 * time.Second)
	s.state.Screens.Settle(s.now)
	v.Update(s.state)
	seen("TR_V1")
	s.apply(call.ParticipantLeft{Participant: call.Participant{Identity: "u1", SID: "PA_u1"}, Reason: call.ReasonLeft})
	v.Update(s.state)
	seen("TR_V0")
	v.Close()
	seen()
}
