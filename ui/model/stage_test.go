package model

import (
	"fmt"
	"strings"
	"testing"

	"foyer/engine/call"
)

func faceTile(id string) Tile { return Tile{ID: call.Identity(id), Source: call.SourceCamera} }

func screenTile(id string) Tile { return Tile{ID: call.Identity(id), Source: call.SourceScreen} }

// placed draws an arrangement as text: the main place, ! if it fills the stage and ^
// if it is pinned | what is beside | ourselves, page of pages.
func placed(a Arrangement) string {
	name := func(t Tile) string {
		if t.Source == call.SourceScreen {
			return string(t.ID) + ":screen"
		}
		return string(t.ID)
	}
	main, own := "-", "-"
	if a.Main != nil {
		main = name(*a.Main)
	}
	if a.Filled {
		main += "!"
	}
	if a.Pinned {
		main += "^"
	}
	var beside []string
	for _, t := range a.Beside {
		beside = append(beside, name(t))
	}
	switch {
	case a.Own != nil:
		own = name(*a.Own)
	case a.Hidden:
		own = "hidden"
	}
	return fmt.Sprintf("%s | %s | %s %d/%d", main, strings.Join(beside, " "), own, a.Page+1, a.Pages)
}

// The order in which they get the main place: screens, what is pinned, the speaker, nobody;
// and every way in which the user can have it otherwise.
func TestArrange(t *testing.T) {
	me := Tile{ID: "me", Source: call.SourceCamera, Self: true}
	still := Tile{ID: "me", Source: call.SourceScreen, Self: true}
	ann, bob, cyd := faceTile("ann"), faceTile("bob"), faceTile("cyd")
	annScreen, bobScreen := screenTile("ann"), screenTile("bob")
	alone, three := []Tile{me}, []Tile{me, ann, bob, cyd}
	shared := []Tile{annScreen, bobScreen, me, ann, bob, cyd}
	crowd := []Tile{me}
	for i := range 20 {
		crowd = append(crowd, faceTile(fmt.Sprint("p", i)))
	}
	pages := func(from, to int) string {
		var all []string
		for i := from; i < to; i++ {
			all = append(all, fmt.Sprint("p", i))
		}
		return strings.Join(all, " ")
	}
	speaker := Stage{Layout: LayoutSpeaker, Speaker: "bob"}
	tests := []struct {
		name  string
		stage Stage
		all   []Tile
		want  string
	}{
		{"alone", Stage{}, alone, "- | me | - 1/1"},
		{"alone in the speaker layout", speaker, alone, "- | me | - 1/1"},
		{"alone and hidden", Stage{Hidden: true}, alone, "- | me | - 1/1"},
		{"alone, sharing", Stage{}, []Tile{me, still}, "- | me me:screen | - 1/1"},
		{"two", Stage{}, []Tile{me, ann}, "- | ann | me 1/1"},
		{"two, sharing", Stage{}, []Tile{me, still, ann}, "- | ann | me 1/1"},
		{"two, speaker", speaker, []Tile{me, ann}, "ann |  | me 1/1"},
		{"grid", Stage{}, three, "- | ann bob cyd | me 1/1"},
		{"grid, by its name", Stage{Layout: LayoutGrid}, three, "- | ann bob cyd | me 1/1"},
		{"an unknown layout", Stage{Layout: "circle"}, three, "- | ann bob cyd | me 1/1"},
		{"hidden", Stage{Hidden: true}, three, "- | ann bob cyd | hidden 1/1"},
		{"speaker", speaker, three, "bob | ann cyd | me 1/1"},
		{"nobody has spoken", Stage{Layout: LayoutSpeaker}, three, "ann | bob cyd | me 1/1"},
		{"the speaker has gone", Stage{Layout: LayoutSpeaker, Speaker: "eve"}, three, "ann | bob cyd | me 1/1"},
		{"our own voice", Stage{Layout: LayoutSpeaker, Speaker: "me"}, three, "ann | bob cyd | me 1/1"},
		{"pinned", Stage{Pinned: cyd.Key()}, three, "cyd^ | ann bob | me 1/1"},
		{"pinned before the speaker", Stage{Layout: LayoutSpeaker, Speaker: "bob", Pinned: cyd.Key()}, three, "cyd^ | ann bob | me 1/1"},
		{"pinned and gone", Stage{Pinned: faceTile("eve").Key()}, three, "- | ann bob cyd | me 1/1"},
		{"pinned ourselves", Stage{Pinned: me.Key()}, three, "- | ann bob cyd | me 1/1"},
		{"pinned, filled", Stage{Pinned: cyd.Key(), Filled: cyd.Key()}, three, "cyd!^ |  | - 1/1"},
		{"screens before all", Stage{Layout: LayoutSpeaker, Speaker: "bob", Pinned: cyd.Key()}, shared, "ann:screen | bob:screen ann bob cyd | me 1/1"},
		{"the second screen", Stage{Main: bobScreen.Key()}, shared, "bob:screen | ann:screen ann bob cyd | me 1/1"},
		{"a screen that filled the stage is another now", Stage{Filled: bobScreen.Key()}, shared, "ann:screen | bob:screen ann bob cyd | me 1/1"},
		{"filled", Stage{Filled: annScreen.Key()}, shared, "ann:screen! |  | - 1/1"},
		{"a grid in spite of screens", Stage{Aside: true}, shared, "- | ann:screen bob:screen ann bob cyd | me 1/1"},
		{"somebody in spite of screens", Stage{Aside: true, Pinned: cyd.Key()}, shared, "cyd^ | ann:screen bob:screen ann bob | me 1/1"},
		{"the speaker in spite of screens", Stage{Aside: true, Layout: LayoutSpeaker, Speaker: "bob"}, shared, "bob | ann:screen bob:screen ann cyd | me 1/1"},
		{"page 1", Stage{}, crowd, "- | " + pages(0, 9) + " | me 1/3"},
		{"page 3", Stage{Page: 2}, crowd, "- | " + pages(18, 20) + " | me 3/3"},
		{"beyond the pages", Stage{Page: 7}, crowd, "- | " + pages(18, 20) + " | me 3/3"},
		{"before the pages", Stage{Page: -7}, crowd, "- | " + pages(0, 9) + " | me 1/3"},
		{"a page beside the main place", Stage{Pinned: faceTile("p0").Key(), Page: 1}, crowd, "p0^ | " + pages(9, 17) + " | me 2/3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := fmt.Sprint(tt.all)
			if got := placed(tt.stage.arrange(tt.all)); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			if fmt.Sprint(tt.all) != before {
				t.Error("the tiles are not what they were")
			}
		})
	}
}

// What the user does to the stage, one after the other.
func TestStageChoices(t *testing.T) {
	s := joined(person("ann", "PA_1", screenTrack("S1")), person("bob", "PA_2"), person("cyd", "PA_3"))
	want := func(after, text string) {
		t.Helper()
		if got := placed(s.Screens.Arrange()); got != text {
			t.Errorf("%s:\n got %s\nwant %s", after, got, text)
		}
	}
	bob, cyd := faceTile("bob").Key(), faceTile("cyd").Key()
	want("at first", "- | ann bob cyd | me 1/1")
	s.Screens.Pin(bob)
	want("pinned", "bob^ | ann cyd | me 1/1")
	s.Screens.Pin(cyd)
	want("somebody else pinned", "cyd^ | ann bob | me 1/1")
	s.Screens.Enlarge("")
	want("enlarged", "cyd!^ |  | - 1/1")
	s.Screens.Enlarge("")
	s.Screens.Pin(cyd)
	want("unpinned", "- | ann bob cyd | me 1/1")
	s.Screens.Pin(faceTile("me").Key())
	s.Screens.Pin("nobody")
	s.Screens.Enlarge("")
	want("nothing to pin or enlarge", "- | ann bob cyd | me 1/1")
	s.Screens.Pin(cyd)
	apply(s, call.TrackSubscribed{ID: "ann", Track: screenTrack("S1"), Slot: &call.FrameSlot{}})
	want("a screen comes", "ann:screen | ann bob cyd | me 1/1")
	s.Screens.Pin(cyd)
	want("pinned again, in spite of the screen", "cyd^ | ann:screen ann bob | me 1/1")
	s.Screens.Pin(cyd)
	want("unpinned: the screen is back", "ann:screen | ann bob cyd | me 1/1")
	s.Screens.SetLayout(LayoutGrid)
	want("the grid", "- | ann:screen ann bob cyd | me 1/1")
	s.Screens.Pin(screenTile("ann").Key())
	want("the screen by its tile", "ann:screen | ann bob cyd | me 1/1")
	s.Screens.SetLayout(LayoutGrid)
	apply(s, call.TrackUnpublished{ID: "ann", Track: screenTrack("S1")})
	apply(s, call.TrackSubscribed{ID: "ann", Track: screenTrack("S2"), Slot: &call.FrameSlot{}})
	want("the next screen", "ann:screen | ann bob cyd | me 1/1")
	s.Screens.SetLayout(LayoutSpeaker)
	s.Screens.Pin(bob)
	apply(s, call.ParticipantLeft{Participant: person("bob", "PA_2"), Reason: call.ReasonLeft})
	want("who was pinned left", "ann:screen | ann cyd | me 1/1")
	apply(s, call.TrackUnpublished{ID: "ann", Track: screenTrack("S2")})
	want("the speaker layout", "ann | cyd | me 1/1")
	s.Stage.FullScreen, s.Stage.Hidden = true, true
	apply(s, call.Left{Reason: call.ReasonLeft})
	if s.Stage != (Stage{Layout: LayoutSpeaker, Hidden: true, FullScreen: true}) {
		t.Errorf("after the stay: %+v", s.Stage)
	}
}
