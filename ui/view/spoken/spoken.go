// Package spoken makes sentences of what changes in a model.State, for people who are
// read to: what others see come and go.
//
// Everything belongs to Fyne's main goroutine.
package spoken

import (
	"slices"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/model"
	"foyer/ui/view/notice"
	"foyer/ui/words"
)

// Limits of what is read out: a storm of messages, and the longest of them.
const (
	maxMessages = 3
	maxRunes    = 300
)

// Teller tells what has changed since it was asked last.
type Teller struct {
	book *words.Book
	last told
}

// told is what the listener already knows.
type told struct {
	screen  model.Screen
	left    *call.Left
	notice  int    // ID of the last one
	chat    int    // Version of it
	line    string // key of its last line
	stay    time.Time
	lasts   string
	muted   bool // we are talking and are not heard
	mic     bool // microphone and camera are on
	camera  bool
	errs    [4]error // of a name, a link, what is said, what is decided
	waiting bool
}

// New returns a Teller.
func New(book *words.Book) *Teller { return &Teller{book: book} }

// TakeOver goes on where another Teller stops, in another language.
func (t *Teller) TakeOver(before *Teller) { t.last = before.last }

// Tell says what has changed. To somebody who has just begun to listen, which first
// says, nothing is new but the notices that are still shown.
func (t *Teller) Tell(v *access.Voice, s *model.State, now time.Time, first bool) {
	if s == nil {
		return
	}
	before := t.last
	t.last = t.now(s, now)
	if first {
		told := before.notice
		before = t.last
		before.notice = told
	}
	urgent := func(text string) { v.Say(access.Said{Text: text, Urgent: true}) }
	said := func(text string) { v.Say(access.Said{Text: text}) }
	if t.last.left != before.left && s.Left != nil && s.Screen == model.ScreenFarewell {
		urgent(t.farewell(*s.Left, now))
	}
	for _, text := range t.screen(before, s) {
		said(text)
	}
	for i, err := range t.last.errs {
		if err != nil && before.errs[i] == nil {
			urgent(t.book.Error(err, "", call.SourceUnknown, now).String())
		}
	}
	for _, n := range s.Notices {
		if n.ID > before.notice && !(first && n.Over(now)) {
			said(t.notice(n, now))
		}
	}
	for _, line := range t.messages(before, s) {
		said(t.book.T("access.said", "name", line.Message.Name, "text", cut(line.Message.Text)))
	}
	if t.last.lasts != before.lasts {
		urgent(t.last.lasts)
	}
}

// now is what somebody who listens knows after this.
func (t *Teller) now(s *model.State, now time.Time) told {
	_, title, detail := notice.Lasting(t.book, s, now)
	n := told{
		screen: s.Screen, left: s.Left, notice: t.last.notice, chat: s.Chat.Version, stay: s.Room.JoinedAt,
		line: t.last.line, lasts: pausing(title, detail), muted: s.Talk.Hint(),
		mic: s.Local[call.SourceMicrophone].On(), camera: s.Local[call.SourceCamera].On(),
		errs:    [4]error{s.NameErr, s.LinkErr, s.Chat.Err, s.RulesErr},
		waiting: s.Busy() && now.Sub(s.Attempt.Since) >= notice.WordsAfter,
	}
	if all := s.Notices; len(all) > 0 {
		n.notice = max(n.notice, all[len(all)-1].ID)
	}
	if all := s.Chat.Lines; len(all) > 0 && n.chat != t.last.chat {
		n.line = all[len(all)-1].Key
	}
	return n
}

// screen tells which screen is shown now, and how our devices stand in a room.
func (t *Teller) screen(before told, s *model.State) (all []string) {
	now := t.last
	switch {
	case s.InRoom() && (before.screen != s.Screen || !before.stay.Equal(now.stay)):
		all = append(all, t.book.T("access.entered", "room", t.book.RoomName(s.Room.Title, s.Room.ID)))
		if len(s.People) > 1 {
			all = append(all, t.book.People(len(s.People)-1))
		}
		before.mic, before.camera = !now.mic, false
	case before.screen != s.Screen && s.Screen == model.ScreenLobby:
		all = append(all, t.book.T("app.name"))
	case now.waiting && !before.waiting && s.Attempt.Start:
		all = append(all, t.book.T("lobby.starting"))
	case now.waiting && !before.waiting:
		all = append(all, t.book.T("lobby.joining_unnamed"))
	}
	if !s.InRoom() {
		return all
	}
	switch {
	case now.mic != before.mic && now.mic:
		all = append(all, t.book.T("room.microphone_on"))
	case now.mic != before.mic, now.muted && !before.muted:
		all = append(all, t.book.T("room.talk_muted"))
	}
	switch {
	case now.camera == before.camera:
	case now.camera:
		all = append(all, t.book.T("room.camera_on"))
	default:
		all = append(all, t.book.T("access.camera_off"))
	}
	return all
}

// farewell is what the screen after a stay says.
func (t *Teller) farewell(l call.Left, now time.Time) string {
	f, receipt := t.book.Left(l, now), t.book.Receipt(l)
	all := []string{f.Title, f.Quote, f.Detail, receipt.None}
	return pausing(append(append(all, receipt.Free...), receipt.Open...)...)
}

func (t *Teller) notice(n model.Notice, now time.Time) string {
	if n.Kind == model.NoticeCopied {
		return t.book.T("room.copied")
	}
	_, _, title, text := notice.Say(t.book, n, now)
	return pausing(title, text)
}

// pausing puts what is said one after the other on lines of their own: a title has no
// full stop.
func pausing(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), "\n")
}

// messages are the newest that others have written.
func (t *Teller) messages(before told, s *model.State) (fresh []model.Line) {
	if s.Chat.Version == before.chat || !s.InRoom() || !s.Room.JoinedAt.Equal(before.stay) {
		return nil
	}
	for i := len(s.Chat.Lines) - 1; i >= 0 && s.Chat.Lines[i].Key != before.line && len(fresh) < maxMessages; i-- {
		l := s.Chat.Lines[i]
		if l.Kind == model.LineMessage && !l.Own && !l.At.Before(s.Room.JoinedAt) {
			fresh = append([]model.Line{l}, fresh...)
		}
	}
	return fresh
}

// cut shortens what nobody wants to hear to its end; the chat has it.
func cut(text string) string {
	if r := []rune(text); len(r) > maxRunes {
		return string(r[:maxRunes]) + "…"
	}
	return text
}
