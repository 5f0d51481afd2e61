// Package view is what the window shows: lobby, room and farewell, made of
// ui/kit and ui/video. It presents a model.State and reports what the user does
// through [Actions]; it decides nothing.
//
// Everything belongs to Fyne's main goroutine. There is no clock inside: Update
// and Tick take the time, so that the same state at the same time always
// looks the same.
package view

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/saved"
	"foyer/ui/video"
	"foyer/ui/view/bar"
	"foyer/ui/view/panel"
	"foyer/ui/view/settings"
	"foyer/ui/view/spoken"
	"foyer/ui/words"
)

// Actions is what the user can do.
type Actions interface {
	SetName(name string)
	SetLink(link string)
	Start()
	Join()
	OpenRecent(i int)
	ForgetRecent(i int) // -1: all
	RestoreRecent()
	Cancel()
	Preview()
	Pick(source call.Source, device string)
	Invite()
	Act(a words.Action)
	Dismiss(notice int)
	ShowTrack(track call.SID, width, height int, hidden bool)
	Rules()          // the room menu, of those who moderate
	Undo(notice int) // takes back what a notice tells
	bar.Actions
	panel.Actions
	Shortcuts()
	OpenSettings(p model.Page)
	OpenRelease() // shows where the newer release is
	ShareActions
	StageActions
}

// Form is what the user has entered and chosen.
type Form struct {
	Name, Link                  string
	Asked                       bool // the preview was allowed once
	CameraOn, MicOn             bool
	Camera, Microphone, Speaker string                 // as in engine.Choice
	Names                       map[call.Source]string // what they were called when they were chosen
	Recent                      []Recent
	Forgotten                   bool // rooms were just taken off the list, and can come back
}

// Recent is a room that was visited.
type Recent struct {
	Title string
	At    time.Time
	Own   bool // started on this computer
}

// NewForm is what is remembered, as the lobby shows it.
func NewForm(book *words.Book, set saved.Settings) Form {
	f := Form{
		Name: set.Name, Asked: set.Asked, CameraOn: set.CameraOn, MicOn: !set.MicOff,
		Camera: set.Camera, Microphone: set.Microphone, Speaker: set.Speaker, Names: set.DeviceNames(),
	}
	for _, r := range set.Recent {
		f.Recent = append(f.Recent, Recent{Title: book.RoomName(r.Title, r.Room), At: r.At, Own: r.Own})
	}
	return f
}

// MinSize is the smallest window: that of a telephone, or beside another one on a small
// screen. What has no room as a button is in the bar's menu of the rest.
func MinSize() fyne.Size { return fyne.NewSize(320, 320) }

// Root is the content of the window.
type Root struct {
	Content  *fyne.Container
	Painter  *video.Painter
	onTick   func(now time.Time) // may be nil
	now      func() time.Time
	teller   *spoken.Teller
	book     *words.Book
	tips     *kit.Tips
	lobby    *lobby
	room     *room
	farewell *farewell
	toasts   *toasts
	state    *model.State
	shown    model.Screen
	screens  []fyne.CanvasObject
	witness  *fyne.Container // tells that the window has been drawn
	drawn    bool
}

// New returns the window's content. now is the clock of the painter.
func New(book *words.Book, act Actions, now func() time.Time) *Root {
	r := &Root{book: book, tips: kit.NewTips(), shown: -1, now: now}
	r.Painter = video.NewPainter(now, r.Tick)
	r.lobby = newLobby(book, act, r.tips, r.Painter)
	r.room = newRoom(book, act, r.tips, r.Painter)
	r.farewell = newFarewell(book, act)
	r.toasts = newToasts(book, act)
	r.teller = spoken.New(book)
	r.screens = []fyne.CanvasObject{r.lobby.content, r.room.content, r.farewell.content}
	// What is not shown is neither laid out nor drawn: the first frame of the
	// window does not wait for the screens behind it.
	r.room.content.Hide()
	r.farewell.content.Hide()
	r.witness = r.newWitness()
	r.Content = container.New(
		&rootLayout{}, r.lobby.content, r.room.content, r.farewell.content, r.toasts.layer, r.tips.Layer, r.witness,
	)
	return r
}

// TakeOver goes on where another Root stops, which shows the same state in another
// language and is gone afterwards.
func (r *Root) TakeOver(before *Root) {
	r.room.stage.takeOver(before.room.stage)
	r.teller.TakeOver(before.teller)
	before.room.stage.closeMenu()
	before.lobby.pause()
	before.room.pause()
}

// newWitness is a pixel without colour. Nothing tells that a window has really
// been drawn, except that something in it is asked for its frame.
func (r *Root) newWitness() *fyne.Container {
	pixel := canvas.NewRaster(func(int, int) image.Image {
		r.drawn = true
		return image.NewNRGBA(image.Rect(0, 0, 1, 1))
	})
	pixel.Resize(fyne.NewSize(1, 1))
	return container.NewWithoutLayout(pixel)
}

// Drawn reports whether the window has been drawn.
func (r *Root) Drawn() bool {
	if r.drawn {
		r.witness.Hide()
	}
	return r.drawn
}

type rootLayout struct{}

func (*rootLayout) MinSize([]fyne.CanvasObject) fyne.Size { return MinSize() }

func (*rootLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		if o.Visible() {
			o.Resize(size)
		}
	}
}

// Update shows a state. It reports whether another screen is shown now, so that
// the caller can take the focus away from the one before, and whether the panel
// shows another page.
func (r *Root) Update(s *model.State, f Form, now time.Time) (switched, turned bool) {
	r.state = s
	switched = r.shown != s.Screen
	r.shown = s.Screen
	// What disappears goes first: two screens never share the devices' frames.
	for i, o := range r.screens {
		if model.Screen(i) != s.Screen {
			kit.SetVisible(o, false)
		}
	}
	r.screens[s.Screen].Resize(r.Content.Size())
	switch s.Screen {
	case model.ScreenRoom:
		r.lobby.pause()
		turned = r.room.update(s, now)
	case model.ScreenFarewell:
		r.lobby.pause()
		r.room.pause()
		r.farewell.update(s.Left, now)
	case model.ScreenLobby:
		r.room.pause()
		r.lobby.update(s, f, now)
	}
	kit.SetVisible(r.screens[s.Screen], true)
	r.updateToasts(now)
	if switched {
		r.Content.Refresh()
	}
	return switched, turned
}

// updateToasts shows the cards. The lobby makes room for them.
func (r *Root) updateToasts(now time.Time) {
	top := float32(headerHeight + tileGap)
	if r.shown == model.ScreenRoom {
		top = r.room.below()
	}
	r.toasts.update(r.state, now, top)
	if r.shown == model.ScreenLobby {
		r.lobby.makeRoom(r.toasts.height())
	}
}

// Attach has tick called before every Tick, and the voice say what has changed since it
// was asked last, whether the window is seen or not.
func (r *Root) Attach(tick func(time.Time), v *access.Voice) {
	r.onTick = tick
	v.From(func(first bool) { r.teller.Tell(v, r.state, r.now(), first) })
}

// PanelFocus is what the keyboard goes to when the panel has been opened, nil
// when it is closed.
func (r *Root) PanelFocus() fyne.Focusable { return r.room.panel.Focus() }

// Tick is the clockwork: texts that tell the time, levels, what appears after a
// while.
func (r *Root) Tick(now time.Time) {
	if r.state == nil {
		return
	}
	if r.onTick != nil {
		r.onTick(now)
	}
	r.tips.Tick(now)
	r.updateToasts(now)
	switch r.shown {
	case model.ScreenRoom:
		r.room.tick(r.state, now)
	case model.ScreenLobby:
		r.lobby.tick(r.state, now)
	case model.ScreenFarewell:
	}
}

// ReactAt is where the reactions are offered.
func (r *Root) ReactAt() fyne.Position { return r.room.bar.ReactAt() }

// DevicesAt is where the devices of a source are offered.
func (r *Root) DevicesAt(source call.Source) fyne.Position { return r.room.bar.DevicesAt(source) }

// MoreItems are the buttons of the room that have no room, as the lines of a menu.
func (r *Root) MoreItems() []kit.MenuItem {
	return append(r.room.bar.Folded(), r.room.header.folded()...)
}

// ShowSettings opens the settings over whatever is shown.
func (r *Root) ShowSettings(c fyne.Canvas, act settings.Actions, p settings.Program) *settings.Sheet {
	return settings.Show(c, r.book, act, r.Painter, p)
}

// ReportCopied confirms that the report is on the clipboard.
func (r *Root) ReportCopied() { r.farewell.reportCopied() }
