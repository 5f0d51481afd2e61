package panel

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/uitest"
	"foyer/ui/words"
)

// fakeActions notes what the user did.
type fakeActions struct{ done []string }

func (f *fakeActions) note(format string, args ...any) {
	f.done = append(f.done, fmt.Sprintf(format, args...))
}

func (f *fakeActions) last() string {
	if len(f.done) == 0 {
		return ""
	}
	return f.done[len(f.done)-1]
}

func (f *fakeActions) OpenPanel(p model.Panel)               { f.note("panel %d", p) }
func (f *fakeActions) SetDraft(text string)                  { f.note("draft %s", text) }
func (f *fakeActions) Say()                                  { f.note("say") }
func (f *fakeActions) ReadChat(end bool)                     { f.note("read %v", end) }
func (f *fakeActions) OpenLink(l model.Link)                 { f.note("link %s", l.URL) }
func (f *fakeActions) Copy(text string)                      { f.note("copy %s", text) }
func (f *fakeActions) Admit(ids []call.Identity)             { f.note("admit %v", ids) }
func (f *fakeActions) TurnAway(ids []call.Identity)          { f.note("turn away %v", ids) }
func (f *fakeActions) ShowInvite()                           { f.note("invite") }
func (f *fakeActions) SetSearch(text string)                 { f.note("search %s", text) }
func (f *fakeActions) MutePerson(id call.Identity, on bool)  { f.note("mute person %s %v", id, on) }
func (f *fakeActions) SetRole(id call.Identity, r call.Role) { f.note("role %s %s", id, r) }
func (f *fakeActions) Remove(id call.Identity)               { f.note("remove %s", id) }
func (f *fakeActions) Ban(id call.Identity)                  { f.note("ban %s", id) }
func (f *fakeActions) SetVolume(id call.Identity, p int)     { f.note("volume %s %d", id, p) }
func (f *fakeActions) Lower(id call.Identity)                { f.note("lower %s", id) }
func (f *fakeActions) Select(ids []call.Identity, on bool)   { f.note("select %v %v", ids, on) }
func (f *fakeActions) SelectNobody()                         { f.note("select nobody") }
func (f *fakeActions) DoSelected(op call.Operation)          { f.note("selected %s", op) }
func (f *fakeActions) Lift(id call.Identity)                 { f.note("lift %s", id) }

// stand is a window with the panel alone, at a fixed time.
type stand struct {
	panel *Panel
	win   fyne.Window
	act   *fakeActions
	state *model.State
	now   time.Time
}

// Fyne loads every font anew for each App: all tests share one.
var shared = sync.OnceFunc(func() { test.NewApp().Settings().SetTheme(theme.Fixed(fynetheme.VariantDark)) })

func newStand(t *testing.T, size fyne.Size) *stand {
	t.Helper()
	shared()
	s := &stand{act: &fakeActions{}, state: model.New(), now: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	s.panel = New(words.English(), s.act, kit.NewTips())
	s.win = test.NewWindow(s.panel.Content)
	t.Cleanup(s.win.Close)
	s.win.SetPadded(false)
	s.win.Resize(size)
	return s
}

func (s *stand) apply(events ...call.Event) {
	for _, e := range events {
		s.state.Apply(eventqueue.Stamped{At: s.now, Event: e})
	}
}

func (s *stand) show() { s.panel.Update(s.state, s.now) }

// said is a message that came that long before now.
func (s *stand) said(from call.Identity, name, text string, before time.Duration) {
	n := len(s.state.Chat.Lines) + 1
	s.apply(call.ChatReceived{Message: call.ChatMessage{
		ID: fmt.Sprint("m", n), Seq: int64(n), From: from, Name: name, Text: text, At: s.now.Add(-before),
	}})
}

func (s *stand) visible(text string) bool {
	found := false
	uitest.Walk(s.panel.Content, func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *kit.Text:
			found = found || w.Text() == text
		case *canvas.Text: // a button's
			found = found || w.Text == text
		}
	})
	return found
}
