// Package ui is Foyer's window. It reads the engine's events from a queue,
// shows them, and turns what the user does into commands; it decides nothing
// about rooms, devices or media.
//
// ui/model is the state, ui/view the screens, ui/video the video tiles,
// ui/kit the controls, ui/theme the look, ui/words the sentences.
//
// Except for Stop, OpenLink and the pump's goroutine, everything here belongs to
// Fyne's main goroutine.
package ui

import (
	"context"
	"crypto/rand"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/desk"
	"foyer/ui/kit/glyphs"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view"
	"foyer/ui/words"
)

// Config is what the window needs. App, Do, Events and Settings are required.
type Config struct {
	App      fyne.App
	Do       func(engine.Command) error // answers at once
	Events   *eventqueue.Queue
	Settings Store
	Identity call.Identity // the profile's, for joining at a Foyer door

	// Dispatch runs a function on the main goroutine; nil means fyne.Do.
	Dispatch func(func())
	// Locales are those of the system, the preferred one first: the window speaks
	// their language, until the user chooses another one.
	Locales []string
	// InitialLink is put into the lobby's field, to be joined by the user.
	InitialLink string
	// Crashed names the rooms in which an earlier start of the program ended
	// without a word; the lobby says so.
	Crashed []string
	// OnClosed is called once, when the user has closed the window; the window
	// is hidden already and the program quits after it.
	OnClosed func()

	// Desktop is what lies around the window; nil means nothing.
	Desktop desk.Desktop
	// Frame returns the window as the window system knows it, once it is shown;
	// nil, and a nil answer, mean that nothing is known.
	Frame func(fyne.Window) desk.Frame

	Clipboard fyne.Clipboard       // nil means the App's
	OpenURL   func(*url.URL) error // nil means the App's
	Glyphs    func(string) bool    // whether a text can be drawn; nil means glyphs.Has
	Theme     fyne.Theme           // nil means Foyer's, following the system
	Now       func() time.Time     // nil means time.Now
	Random    io.Reader            // for room IDs; nil means crypto/rand
	Log       logrus.FieldLogger   // nil means none
}

// UI is the window.
type UI struct {
	cfg      Config
	book     *words.Book
	win      fyne.Window
	root     *view.Root
	presses  presses
	state    *model.State
	set      Settings
	link     string    // in the lobby's field
	question *question // nil: none is open
	sheets   sheets
	outside  *outside
	askAt    time.Time // when to ask the door who is there; zero: not at all
	talk     talk
	moves    moves
	running  bool // the window is there, and painted
	drawn    bool // the window has shown its first frame
	closed   bool

	views  map[call.SID]engine.SetTrackView // sizes to tell the engine
	viewAt time.Time                        // of the last change of one; zero: tell at once
	shown  map[call.SID]bool                // what the engine was told to show or hide

	stopOnce sync.Once
	cancel   context.CancelFunc
	pump     sync.WaitGroup
}

// Shown is how many people's video the window shows at once.
const Shown = model.PerPage

// Size of the window on first start.
const (
	windowWidth  = 1100
	windowHeight = 720
)

// New returns the window, hidden. It opens no device.
func New(cfg Config) *UI {
	cfg = withDefaults(cfg)
	u := &UI{
		cfg: cfg, state: model.New(), set: cfg.Settings.Load(), link: cfg.InitialLink,
		views: map[call.SID]engine.SetTrackView{}, shown: map[call.SID]bool{},
	}
	u.book = u.chooseBook()
	u.outside = newOutside(u)
	u.state.Stage.Layout, u.state.Stage.Hidden = u.set.Layout, u.set.SelfHidden
	cfg.App.Settings().SetTheme(cfg.Theme)
	fontsLoaded := loadFonts()
	cfg.App.SetIcon(theme.AppIcon())
	// The window manager takes the program's name from the first title.
	u.win = cfg.App.NewWindow(u.book.T("app.name"))
	u.win.SetPadded(false)
	u.win.SetMaster()
	fontsLoaded()
	u.presses = newPresses(u)
	u.teachFyne()
	u.root = u.newRoot()
	u.win.SetContent(u.root.Content)
	u.win.Resize(u.set.Window.Size(fyne.NewSize(windowWidth, windowHeight)))
	u.win.SetCloseIntercept(u.close)
	u.win.SetOnDropped(u.outside.dropped)
	u.bindKeys()
	u.checkLink()
	for _, room := range cfg.Crashed {
		u.state.Notify(model.Notice{At: cfg.Now(), Kind: model.NoticeCrashed, Name: room})
	}
	u.refresh()
	return u
}

// loadFonts begins to read the theme's fonts, beside the connection to the
// display: either takes a tenth of the start. The answer waits for them; until
// then nothing else may measure text, as Fyne's caches have no locks.
func loadFonts() (wait func()) {
	var loading sync.WaitGroup
	loading.Go(func() {
		for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
			fyne.MeasureText(" ", theme.TextSize, style)
		}
	})
	return loading.Wait
}

func withDefaults(cfg Config) Config {
	if cfg.Dispatch == nil {
		cfg.Dispatch = fyne.Do
	}
	if cfg.Clipboard == nil {
		cfg.Clipboard = cfg.App.Clipboard()
	}
	if cfg.OpenURL == nil {
		cfg.OpenURL = cfg.App.OpenURL
	}
	if cfg.Glyphs == nil {
		cfg.Glyphs = glyphs.Has
	}
	if cfg.Theme == nil {
		cfg.Theme = theme.New()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Desktop == nil {
		cfg.Desktop = noDesktop{}
	}
	if cfg.Log == nil {
		cfg.Log = engine.SilentLog()
	}
	return cfg
}

// Window returns the window itself, for the package that wires the program.
func (u *UI) Window() fyne.Window { return u.win }

// Show shows the window. The devices are listed, which opens cameras for a moment,
// and the preview opens, if the user has allowed it before, with the window's
// first frame: where none can be drawn, nothing is opened. The error is
// call.ErrNoDisplay: there is no window.
func (u *UI) Show() error {
	if err := show(u.win); err != nil {
		return err
	}
	u.running = true
	u.root.Painter.Start()
	u.outside.shown()
	if u.set.Speaker != "" {
		u.do(engine.SelectDevice{Source: call.SourceSpeaker, Device: u.set.Speaker}, call.SourceSpeaker)
	}
	u.refresh()
	return nil
}

// tick is the painter's clock.
func (u *UI) tick(now time.Time) {
	if !u.drawn && u.root.Drawn() {
		u.drawn = true
		u.do(engine.RefreshDevices{}, call.SourceUnknown)
		u.refresh()
	}
	if u.state.Share != nil {
		u.settleShare(false)
	}
	if u.state.Gestures.FadeReactions(now) {
		u.refresh()
	}
	u.flushViews(now)
	u.askMembers(now)
	u.outside.watchWindow(now)
	moved := u.state.InRoom() && u.state.Screens.Settle(now)
	said := talking{u}.settle(now)
	bare := fullScreen{u}.rest(now)
	if moved || said || bare {
		u.refresh()
	}
}

// Pump starts the goroutine that hands events to the main one, until ctx ends,
// the queue is closed, or Stop.
func (u *UI) Pump(ctx context.Context) {
	ctx, u.cancel = context.WithCancel(ctx)
	u.pump.Add(1)
	go func() {
		defer u.pump.Done()
		for {
			items, open := u.cfg.Events.Take()
			if ctx.Err() != nil {
				return
			}
			if len(items) > 0 && !u.hand(ctx, items) || !open {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-u.cfg.Events.Ready():
			}
		}
	}()
}

// hand lets the main goroutine take over what has happened, and waits for it
// until ctx ends: what a window that hangs leaves undone must not pile up there.
func (u *UI) hand(ctx context.Context, items []eventqueue.Stamped) bool {
	applied := make(chan struct{})
	u.cfg.Dispatch(func() {
		defer close(applied)
		u.apply(items)
	})
	select {
	case <-applied:
		return true
	case <-ctx.Done():
		return false
	}
}

// Stop ends the pump and waits for it. Call it after the App's Run has
// returned and before the engine is closed: from then on nothing of Foyer's
// would run on the main goroutine. Any goroutine may call it, any number of
// times.
func (u *UI) Stop() {
	u.stopOnce.Do(func() {
		if u.cancel != nil {
			u.cancel()
		}
		u.outside.stop()
	})
	u.pump.Wait()
}

// apply takes over what has happened.
func (u *UI) apply(items []eventqueue.Stamped) {
	if u.closed {
		return
	}
	for _, e := range items {
		others := len(u.state.People) - 1
		u.state.Apply(e)
		switch v := e.Event.(type) {
		case call.Joined:
			u.remember(v, e.At)
		case call.Left:
			clear(u.views)
			clear(u.shown)
		default:
		}
		u.moderated(e.Event)
		u.outside.happened(e, others)
	}
	u.refresh()
}

// refresh shows the state.
func (u *UI) refresh() {
	if u.closed {
		return
	}
	u.settlePreviews()
	u.settleShare(true)
	talking{u}.settle(u.cfg.Now())
	fullScreen{u}.settle()
	u.endQuestion()
	u.endLeaveMenu()
	settleGestures(actions{u})
	ruling{u}.settle()
	u.outside.settle()
	if title := u.title(); title != u.win.Title() {
		u.win.SetTitle(title)
	}
	if u.outside.hidden {
		u.root.Suspend(u.state)
		u.flushViews(u.cfg.Now())
		return
	}
	screen, panel := u.root.Update(u.state, u.form(), u.cfg.Now())
	if screen {
		// What had the keyboard is gone.
		u.win.Canvas().Unfocus()
	}
	if panel {
		u.focusPanel()
	}
}

func (u *UI) title() string {
	app := u.book.T("app.name")
	if u.state.Screen == model.ScreenRoom {
		app = u.book.RoomName(u.state.Room.Title, u.state.Room.ID) + " – " + app
		if n := u.state.Chat.Unread; n > 0 {
			app = "(" + strconv.Itoa(n) + ") " + app
		}
	}
	return app
}

func (u *UI) form() view.Form {
	f := view.Form{
		Name: u.set.Name, Link: u.link, Asked: u.set.Asked, CameraOn: u.set.CameraOn, MicOn: !u.set.MicOff,
		Camera: u.set.Camera, Microphone: u.set.Microphone, Speaker: u.set.Speaker,
	}
	for _, r := range u.set.Recent {
		f.Recent = append(f.Recent, view.Recent{Title: u.book.RoomName(r.Title, r.Room), At: r.At})
	}
	return f
}

func (u *UI) save() {
	if err := u.cfg.Settings.Save(u.set); err != nil {
		u.cfg.Log.WithError(err).Warn("settings were not saved")
	}
}

// do gives a command to the engine. What it refuses is said in place.
func (u *UI) do(c engine.Command, about call.Source) bool {
	err := u.cfg.Do(c)
	if err != nil {
		u.cfg.Log.WithField("command", c.Word()).WithError(err).Info("command refused")
		u.state.Refuse(c.Word(), about, err, u.cfg.Now())
	}
	return err == nil
}
