package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// fakeActions notes what the user did.
type fakeActions struct{ done []string }

func (f *fakeActions) note(format string, args ...any) {
	f.done = append(f.done, fmt.Sprintf(format, args...))
}

func (f *fakeActions) SetLocked(on bool)         { f.note("locked %v", on) }
func (f *fakeActions) SetLimit(n int)            { f.note("limit %d", n) }
func (f *fakeActions) SetRefuseNewcomer(on bool) { f.note("refuse %v", on) }
func (f *fakeActions) SetOffline(s int)          { f.note("offline %d", s) }
func (f *fakeActions) SetWaiting(on bool)        { f.note("waiting %v", on) }
func (f *fakeActions) SetKeepHistory(on bool)    { f.note("keep %v", on) }
func (f *fakeActions) MuteAll(on bool)           { f.note("mute all %v", on) }
func (f *fakeActions) EndRoom()                  { f.note("end") }
func (f *fakeActions) CloseRules()               { f.note("close rules") }

// Every rule is reported as it is chosen; nonsense is said in place and reports
// nothing; what the door refuses is as before.
func TestRulesAreReported(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
	win := test.NewWindow(container.NewWithoutLayout())
	t.Cleanup(win.Close)
	win.Resize(fyne.NewSize(1100, 720))
	state, now, act := model.New(), time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC), &fakeActions{}
	apply := func(e call.Event) { state.Apply(eventqueue.Stamped{At: now, Event: e}) }
	apply(call.Joined{Room: "r", Self: call.Participant{Identity: "me"}, Standing: call.Standing{
		Role: call.RoleCoHost, Rules: call.RoomRules{KeepHistory: true, MaxMembers: 7, RealTime: 60},
	}})
	r := Show(win.Canvas(), words.English(), act)
	r.Update(state, now)
	if !r.keep.On || r.locked.On || r.limit.Text() != "7" || r.offline.Chosen() != 2 {
		t.Errorf("keep %v, locked %v, limit %q, offline %d", r.keep.On, r.locked.On, r.limit.Text(), r.offline.Chosen())
	}
	if r.end.Visible() {
		t.Error("a co-host may end the room")
	}
	r.locked.Tapped(nil)
	r.refuse.Tapped(nil)
	r.keep.Tapped(nil)
	r.muteAll.Tapped(nil)
	r.offline.OnChosen(3)
	for _, text := range []string{"ten", "-1", "10001", "1e3"} {
		r.limit.SetText(text)
		r.set.Tapped(nil)
		if r.limited.Text() == "" {
			t.Errorf("%q is a limit", text)
		}
	}
	r.limit.SetText(" 12 ")
	r.set.Tapped(nil)
	r.limit.SetText("")
	r.set.Tapped(nil)
	want := []string{"locked true", "refuse true", "keep false", "mute all true", "offline 300", "limit 12", "limit 0"}
	if got := act.done; !slices.Equal(got[len(got)-len(want):], want) {
		t.Errorf("reported %q", got)
	}
	state.Ruling.Ask("rules")
	r.Update(state, now)
	if !r.locked.On {
		t.Error("what was chosen is taken back before the answer")
	}
	state.Ruling.Refuse(call.ErrForbidden)
	r.Update(state, now)
	if r.locked.On || r.problem.Text() == "" {
		t.Errorf("refused: locked %v, %q", r.locked.On, r.problem.Text())
	}
}
