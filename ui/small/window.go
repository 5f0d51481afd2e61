package small

import (
	"image"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/model"
	"foyer/ui/words"
)

// Config is what the small window needs.
type Config struct {
	App     fyne.App
	Actions Actions
	Frame   func(fyne.Window) desk.Frame // nil: nothing is known of windows
	Now     func() time.Time
	Tick    func(time.Time) // the clock, while the window is there: that of the large one rests
	Back    func()          // brings Foyer's own window
	Closed  func()          // the user has closed this one
}

// Window is the small window, whether it is there or not.
type Window struct {
	conf   Config
	win    fyne.Window // nil: it is not there
	view   *View
	asked  bool // for this time
	closed bool // by the user, for this time
}

// NewWindow returns a window that is not there.
func NewWindow(conf Config) *Window { return &Window{conf: conf} }

// Ask has the window there as soon as Foyer's own is minimized, this time.
func (w *Window) Ask() { w.asked = true }

// Main is Foyer's own window.
type Main struct {
	Frame  desk.Frame // nil: nothing is known of it
	Title  string
	Hidden bool // minimized
	Closed bool
}

// Settle shows a state in the window, or takes the window away where it is of no use.
// always has it there whenever the main window is minimized in a room.
func (w *Window) Settle(s *model.State, book *words.Book, main Main, always bool) {
	if !main.Hidden {
		w.asked, w.closed = w.asked && w.win == nil && s.InRoom(), false
	}
	wanted := main.Hidden && !main.Closed && !w.closed && (w.asked || always) && s.InRoom() &&
		s.Engine != call.StateLeaving
	if w.win != nil && (!wanted || w.view.book != book) {
		w.view.Close()
		w.win.Close()
		w.win = nil
	}
	if !wanted {
		return
	}
	if w.win == nil {
		w.open(book, main)
	}
	w.view.Update(s)
}

func (w *Window) open(book *words.Book, main Main) {
	w.view = New(book, w.conf)
	w.win = w.conf.App.NewWindow(main.Title)
	w.win.SetPadded(false)
	w.win.SetContent(w.view.Content)
	w.win.Resize(Size())
	w.win.SetCloseIntercept(w.Dismiss)
	main.Frame.Above(w.win.Show)
	w.place()
	w.view.painter.Start()
}

// Dismiss takes it away for this time: its X does not end the stay.
func (w *Window) Dismiss() {
	w.closed = true
	w.conf.Closed()
}

// place puts it into the lower right corner of the first screen.
func (w *Window) place() {
	f := w.conf.Frame(w.win)
	if f == nil {
		return
	}
	if areas := f.Areas(); len(areas) > 0 {
		f.Move(corner(areas[0], Size(), w.win.Canvas().Scale()))
	}
}

// What stays free beside the window, in pixels of the screen.
const (
	edge  = 24
	frame = 40 // what a window manager lays around the content
)

// corner is where a window goes whose content has that size.
func corner(area image.Rectangle, size fyne.Size, scale float32) image.Point {
	pixels := image.Pt(int(size.Width*scale), int(size.Height*scale))
	return area.Max.Sub(pixels).Sub(image.Pt(edge, edge+frame))
}
