package panel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

// crowd is a room with that many people beside us, whose cameras are off.
func (s *stand) crowd(n int) {
	self := call.Participant{Identity: "ada", SID: "PA_0", Name: "Ada Lovelace"}
	others := make([]call.Participant, n)
	for i := range others {
		others[i] = call.Participant{Identity: call.Identity(fmt.Sprint("u", i)), SID: call.SID(fmt.Sprint("PA_", i)), Name: fmt.Sprintf("Person %03d", i)}
	}
	s.apply(call.StateChanged{State: call.StateJoined}, call.Joined{Room: "r", Title: "Crowd", Self: self, Participants: others},
		call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
}

// long is a chat of that many lines, with a long message and a link here and
// there.
func (s *stand) long(n int) {
	for i := range n {
		text := fmt.Sprintf("line %d", i)
		switch i % 10 {
		case 3:
			text += strings.Repeat(" and so on, for a while", i%7)
		case 7:
			text += " https://example.org/" + fmt.Sprint(i)
		}
		s.said(call.Identity(fmt.Sprint("u", i/3%5)), fmt.Sprint("Person ", i/3%5), text, time.Hour-time.Duration(i)*time.Second/2)
	}
}

// beside is the panel's size beside the stage.
var beside = fyne.NewSize(Width, 576)

// slowed is how much longer something may take under the race detector.
func slowed(d time.Duration) time.Duration {
	if underRace {
		return 10 * d
	}
	return d
}

// 5,000 lines of chat: what is in view is laid out, and nothing else, when it
// opens, while the wheel turns, and when another line comes.
func TestChatOf5000Lines(t *testing.T) {
	s := newStand(t, beside)
	s.crowd(4)
	s.long(5000)
	s.show()
	s.state.Open(model.PanelChat)
	begin := time.Now()
	s.show()
	t.Logf("opening: %v", time.Since(begin))
	if took := time.Since(begin); took > slowed(200*time.Millisecond) {
		t.Errorf("opening the chat took %v", took)
	}
	chat := s.panel.chat
	if n := chat.list.InView(); n < 5 || n > 30 || len(chat.bubbles) > 60 {
		t.Errorf("%d lines in view, %d laid out", n, len(chat.bubbles))
	}
	const steps = 300
	times := make([]time.Duration, 0, steps)
	for i := range steps {
		dy := float32(60)
		if i >= steps/2 {
			dy = -60
		}
		begin := time.Now()
		chat.list.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: dy}})
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	typical, slow := times[steps/2], times[steps*95/100] // the very slowest is the computer's
	t.Logf("a step of the wheel: %v, slow ones %v, the slowest %v", typical, slow, times[steps-1])
	if slow > slowed(16*time.Millisecond) { // a frame at 60 Hz
		t.Errorf("a slow step of the wheel took %v", slow)
	}
	begin = time.Now()
	s.said("u1", "Person 1", "one more", 0)
	s.show()
	t.Logf("another line: %v", time.Since(begin))
	if took := time.Since(begin); took > slowed(16*time.Millisecond) {
		t.Errorf("another line took %v", took)
	}
	if !chat.list.AtEnd() {
		t.Error("the list is not at its end")
	}
}

// 500 people: the panel is there within 200 ms.
func TestPanelOf500People(t *testing.T) {
	s := newStand(t, beside)
	s.crowd(500)
	s.show()
	s.state.Open(model.PanelPeople)
	begin := time.Now()
	s.show()
	took := time.Since(begin)
	t.Logf("opening: %v", took)
	if took > slowed(200*time.Millisecond) {
		t.Errorf("opening took %v", took)
	}
	if n := s.panel.people.list.InView(); n < 5 || n > 15 {
		t.Errorf("%d people are laid out", n)
	}
	s.state.Search = "person 49"
	s.show()
	if n := len(s.panel.people.listed); n != 10 {
		t.Errorf("%d people are called that", n)
	}
}

// What came while the user reads above is told by a button, which leads there.
func TestNewMessagesButton(t *testing.T) {
	s := newStand(t, beside)
	s.crowd(4)
	s.long(100)
	s.state.Open(model.PanelChat)
	s.show()
	chat := s.panel.chat
	chat.list.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: 300}})
	s.state.Read(false)
	if s.act.last() != "read false" {
		t.Errorf("it tells %q", s.act.done)
	}
	s.said("u1", "Person 1", "news", 0)
	s.show()
	if !s.visible("1 new message") {
		t.Error("nothing tells of a new message")
	}
	test.Tap(chat.fresh)
	if !chat.list.AtEnd() || s.act.last() != "read true" {
		t.Errorf("the button does not lead there: %q", s.act.done)
	}
}

// The largest message is shown in part, and whole on demand.
func TestTheLargestMessageIsShown(t *testing.T) {
	s := newStand(t, beside)
	s.crowd(1)
	s.said("u0", "Person 0", strings.Repeat("a\n", call.MaxChat/2), time.Minute)
	s.state.Open(model.PanelChat)
	s.show()
	chat := s.panel.chat
	b := chat.bubble(0)
	if !b.more.Visible() || b.Size().Height > 700 {
		t.Errorf("it is %v high", b.Size().Height)
	}
	test.Tap(b.more)
	if b := chat.bubble(0); b.more.Visible() || b.Size().Height < 2000*prose.LineHeight() {
		t.Errorf("the whole is %v high", b.Size().Height)
	}
}

// A name of 255 bytes, markup, and text from right to left stay inside of the
// panel.
func TestNothingLeavesThePanel(t *testing.T) {
	s := newStand(t, fyne.NewSize(280, 400))
	s.crowd(1)
	s.state.Open(model.PanelChat)
	s.said("u0", strings.Repeat("W", 255), "<b>bold</b> **x** "+strings.Repeat("w", 400)+" \u0645\u062d\u0645\u062f hello", time.Minute)
	s.show()
	panel := s.panel.Content
	left := fyne.CurrentApp().Driver().AbsolutePositionForObject(panel)
	right := left.X + panel.Size().Width
	uitest.Walk(panel, func(o fyne.CanvasObject) {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		if _, ok := o.(*kit.Text); ok && (at.X < left.X || at.X+o.Size().Width > right) {
			t.Errorf("%T from %v to %v, the panel is from %v to %v", o, at.X, at.X+o.Size().Width, left.X, right)
		}
	})
}
