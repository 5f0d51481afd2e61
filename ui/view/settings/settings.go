// Package settings is the sheet of the settings: pages at its left, over the lobby
// or a room. It presents a model.State and what is chosen, and reports what the user
// does through [Actions]; it decides nothing. Everything is applied at once.
//
// Everything belongs to Fyne's main goroutine.
package settings

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/saved"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/words"
)

// Actions is what the user can do.
type Actions interface {
	// OpenSettings shows a page; PageNone closes the settings.
	OpenSettings(p model.Page)
	Pick(source call.Source, device string)
	TestDevice(source call.Source) // or stops the test
	TryCamera(on bool)
	SetChoice(c Choice)
	TryNotification()      // shows one
	ChooseTalkKey(on bool) // takes the next key that is pressed, or does not any more
	CopyReport()
	OpenFolder()
	OpenLicences()
	OpenRelease()            // shows where the newer release is
	TestNetwork(link string) // or stops the test
	RegisterLinks(on bool)
}

// Choice is what is chosen, beside the devices.
type Choice struct {
	SendHeight  int // lines; 0: no limit
	AudioOnly   bool
	Theme       string // dark, light; empty: as the system
	Text        string // large, largest; empty: normal
	Still       bool   // less motion
	Language    string // code; empty: as the system
	Small       bool   // a small window, whenever this one is minimized in a room
	TalkKey     string // lets the user speak in every window; empty: none
	Voice       mic.Voice
	LeaveRouter bool   // a room is started without asking it
	Public      string // how people elsewhere reach our rooms: HOST or HOST:PORT; empty: nobody knows
	Relay       string // link of the relay by which others come to our rooms; empty: none
	NoNews      bool   // nobody is asked for newer releases

	Notifications saved.Notifications
}

// Save writes what is chosen into what is remembered; the language is the window's.
func (c Choice) Save(set *saved.Settings) {
	set.SendHeight, set.AudioOnly = c.SendHeight, c.AudioOnly
	set.Theme, set.Text, set.Still = c.Theme, c.Text, c.Still
	set.Notifications, set.TalkKey, set.Small = c.Notifications, c.TalkKey, c.Small
	set.Voice = c.Voice
	set.LeaveRouter, set.Public, set.Relay, set.NoNews = c.LeaveRouter, c.Public, c.Relay, c.NoNews
}

// NewForm is what is remembered, as the pages show it.
func NewForm(set saved.Settings) Form {
	return Form{
		Camera: set.Camera, Microphone: set.Microphone, Speaker: set.Speaker, Names: set.DeviceNames(),
		Choice: Choice{
			SendHeight: set.SendHeight, AudioOnly: set.AudioOnly, Theme: set.Theme, Text: set.Text, Still: set.Still,
			Language: set.Language, Notifications: set.Notifications, TalkKey: set.TalkKey, Small: set.Small,
			Voice:       set.Voice,
			LeaveRouter: set.LeaveRouter, Public: set.Public, Relay: set.Relay, NoNews: set.NoNews,
		},
	}
}

// Form is what the pages show that is not in the state.
type Form struct {
	Camera, Microphone, Speaker string                 // as in engine.Choice
	Names                       map[call.Source]string // what they were called when they were chosen
	NoFont                      string                 // code of the chosen language, where no font has its script
	LinksHere                   bool                   // links open in this program
	Choice
}

// Chosen is the device that is chosen for a source.
func (f Form) Chosen(source call.Source) string {
	switch source {
	case call.SourceCamera:
		return f.Camera
	case call.SourceMicrophone:
		return f.Microphone
	default:
		return f.Speaker
	}
}

// Program is what the pages say of the program.
type Program struct {
	Version   string           // such as "foyer 1.2.0 linux/amd64"
	Folder    string           // of the log and the settings; empty: not known
	Libraries func() []Library // what the program is made of; nil: not known
	Keys      []Key
	Languages []words.Language
	News      bool // it can be asked for newer releases
	Links     bool // it can be made to open links
}

// Library is one of them.
type Library struct{ Name, Version, Licence string }

const (
	sheetWidth = 800
	bodyHeight = 460
	navWidth   = 180 // at least
	besideNav  = 20
)

// page is what stands beside the list of pages.
type page interface {
	object() fyne.CanvasObject
	update(s *model.State, f Form, now time.Time)
	tick(s *model.State, now time.Time)
	close()
}

// Sheet is the settings while they are open.
type Sheet struct {
	*kit.Sheet
	book    *words.Book
	act     Actions
	canvas  fyne.Canvas
	painter *video.Painter
	program Program
	nav     *nav
	title   *kit.Text // of the page, where the list has no words
	scroll  *container.Scroll
	shown   model.Page
	page    page
	open    *kit.Text // what of ours is open in a room that is covered
	done    *kit.Button
	focused fyne.Focusable // that is known to be in view
	depth   int            // of the overlays, with this one on top
}

// Show opens the settings. The keyboard is on the list of pages.
func Show(c fyne.Canvas, book *words.Book, act Actions, painter *video.Painter, p Program) *Sheet {
	s := &Sheet{book: book, act: act, canvas: c, painter: painter, program: p}
	s.nav = newNav(book, act.OpenSettings)
	s.scroll = container.NewVScroll(container.NewWithoutLayout())
	s.title = kit.NewHeading("")
	body := container.New(&bodyLayout{s}, s.nav, s.title, s.scroll)
	s.done = kit.NewButton(book.T("settings.close"), "", kit.Plain, func() { act.OpenSettings(model.PageNone) })
	s.open = hint("")
	s.Sheet = kit.ShowSheet(
		c, book.T("settings.title"), sheetWidth, body, kit.Row(12, kit.Grow(s.open), s.done),
		func() { act.OpenSettings(model.PageNone) },
	)
	s.depth = len(c.Overlays().List())
	c.Focus(s.nav)
	return s
}

// NewButton opens the settings.
func NewButton(book *words.Book, tips *kit.Tips, open func(model.Page)) *kit.Button {
	return kit.NewIconButton(book.WithKey(book.T("settings.title"), "Ctrl+,"), "settings", kit.Quiet, tips, func() {
		open(model.PageDevices)
	})
}

// Update shows the page that is open.
func (s *Sheet) Update(state *model.State, f Form, now time.Time) {
	if s.shown != state.Setup.Page {
		s.turn(state.Setup.Page)
	}
	s.open.Set(sayOpen(s.book, state))
	s.page.update(state, f, now)
	s.relayout()
}

func (s *Sheet) turn(p model.Page) {
	s.leavePage()
	s.shown = p
	s.nav.choose(p)
	s.title.Set(s.nav.Name())
	s.page = s.build(p)
	s.scroll.Content = s.page.object()
	s.scroll.Offset = fyne.Position{}
	s.scroll.Refresh()
}

func (s *Sheet) build(p model.Page) page {
	switch p {
	case model.PageVoice:
		return newVoicePage(s.book, s.act)
	case model.PageVideo:
		return newVideoPage(s.book, s.act)
	case model.PageNetwork:
		return newNetworkPage(s.book, s.act, s.program)
	case model.PageAppearance:
		return newAppearancePage(s.book, s.act, s.program.Languages)
	case model.PageNotifications:
		return newNotificationsPage(s.book, s.act)
	case model.PageKeys:
		return newKeysPage(s.book, s.act, s.program.Keys)
	case model.PageDiagnostics:
		return newDiagnosticsPage(s.book, s.act, s.program)
	case model.PageAbout:
		return newAboutPage(s.book, s.act, s.program)
	case model.PageDevices, model.PageNone:
	}
	return newDevicesPage(s.book, s.act, s.painter)
}

func (s *Sheet) leavePage() {
	if s.page != nil {
		s.page.close()
		s.page = nil
	}
}

// Tick is the clockwork: levels, and the time that a test has left. What has got
// the keyboard is brought into view.
func (s *Sheet) Tick(state *model.State, now time.Time) {
	if s.page == nil || s.shown != state.Setup.Page {
		return
	}
	s.page.tick(state, now)
	if f := s.canvas.Focused(); f != s.focused {
		s.focused = f
		s.reveal(f)
	}
}

// ReportCopied confirms that the report is on the clipboard.
func (s *Sheet) ReportCopied() {
	if d, ok := s.page.(*diagnosticsPage); ok {
		d.copied()
	}
}

// Close takes the settings away, and gives the frames back. A nil sheet stays as it
// is.
func (s *Sheet) Close() {
	if s != nil {
		s.leavePage()
		s.Sheet.Close()
	}
}

// relayout follows texts that came, went or wrap otherwise. It places things only: a
// Refresh of them all would upload the frames anew.
func (s *Sheet) relayout() {
	content := s.scroll.Content
	if h := kit.HeightFor(content, s.scroll.Size().Width); h != content.Size().Height {
		s.scroll.Refresh()
	}
	place(content)
}

// place lays out a container, and those in it.
func place(o fyne.CanvasObject) {
	c, ok := o.(*fyne.Container)
	if !ok || !c.Visible() {
		return
	}
	if c.Layout != nil {
		c.Layout.Layout(c.Objects, c.Size())
	}
	for _, o := range c.Objects {
		place(o)
	}
}

// reveal scrolls to what has the keyboard, if that is on the page.
func (s *Sheet) reveal(f fyne.Focusable) {
	o, ok := f.(fyne.CanvasObject)
	if !ok || f == s.nav || f == s.done || len(s.canvas.Overlays().List()) != s.depth {
		return
	}
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(o).Subtract(driver.AbsolutePositionForObject(s.scroll))
	const ring = 8
	top, bottom := at.Y-ring, at.Y+o.Size().Height+ring
	switch view := s.scroll.Size().Height; {
	case top < 0:
		s.scroll.Offset.Y = max(0, s.scroll.Offset.Y+top)
	case bottom > view:
		s.scroll.Offset.Y += bottom - view
	default:
		return
	}
	s.scroll.Refresh()
}

// bodyLayout: the list of pages, and the page, in a height that is the same for
// every page. Where there is less, the page scrolls. In a narrow or low window the list
// is a row of icons above the page.
type bodyLayout struct{ s *Sheet }

const bodyNarrow = 460

func (*bodyLayout) HeightFor(_ []fyne.CanvasObject, width float32) float32 {
	if width < bodyNarrow {
		return 2 * bodyHeight // as much as there is
	}
	return bodyHeight
}

func (*bodyLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 120) }

func (l *bodyLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	s := l.s
	s.nav.lie(size.Width < bodyNarrow || size.Height < navLow*float32(len(s.nav.titles))+2*inset)
	m := s.nav.MinSize()
	kit.SetVisible(s.title, s.nav.flat)
	if !s.nav.flat {
		kit.Place(s.nav, 0, 0, m.Width, size.Height)
		kit.Place(s.scroll, m.Width+besideNav, 0, size.Width-m.Width-besideNav, size.Height)
		return
	}
	kit.Place(s.nav, 0, 0, size.Width, m.Height)
	h := s.title.MinSize().Height
	kit.Place(s.title, inset, m.Height+4, size.Width-2*inset, h)
	top := m.Height + h + 8
	kit.Place(s.scroll, 0, top, size.Width, max(0, size.Height-top))
}

// scrolled keeps the ring of what has the keyboard, and the scroll bar, clear of what
// is on a page.
func scrolled(rows ...fyne.CanvasObject) *fyne.Container {
	return kit.Pad(kit.Column(20, rows...), inset, 16, inset, inset)
}

// part is a heading with what belongs to it.
func part(title string, rows ...fyne.CanvasObject) *fyne.Container {
	heading := kit.NewText(title)
	heading.Bold, heading.Wrap = true, true
	heading.Silent = true
	return access.Label(kit.Column(8, append([]fyne.CanvasObject{heading}, rows...)...), access.RoleContainer, title)
}

// hint is a sentence below a control.
func hint(text string) *kit.Text {
	t := kit.NewParagraph(text).Colored(theme.Muted)
	t.TextSize = 13
	return t
}
