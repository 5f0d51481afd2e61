// Package ui is Foyer's window. It reads the engine's events from a queue,
// shows them, and turns what the user does into commands; it decides nothing
// about rooms, devices or media.
//
// ui/model is the state, ui/view the screens, ui/video the video tiles, ui/kit the
// controls, ui/theme the look, ui/words the sentences.
// Except for Stop, OpenLink, Press, Woke, Talk, Reached, Released and the goroutines of the pump, of
// ui/around and of what is dropped, everything here belongs to Fyne's main goroutine.
package ui

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/around"
	"foyer/ui/config"
	"foyer/ui/model"
	"foyer/ui/opening"
	"foyer/ui/preview"
	"foyer/ui/small"
	"foyer/ui/talk"
	"foyer/ui/theme"
	"foyer/ui/view"
	"foyer/ui/words"
)

// Config is what the window needs.
type Config = config.Config

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
	setup    setup // the settings
	around   *around.Around
	askAt    time.Time // when to ask the door who is there; zero: not at all
	speech   *talk.Key
	previews *preview.Previews
	small    *small.Window
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
	cfg = config.WithDefaults(cfg)
	set, unread := cfg.Settings.Load()
	set.Clean()
	u := &UI{
		cfg: cfg, state: model.New(), set: set, link: cfg.InitialLink,
		views: map[call.SID]engine.SetTrackView{}, shown: map[call.SID]bool{},
	}
	u.setup.UI = u
	u.around = around.New(&u.cfg, u.state, u.refresh)
	u.speech = talk.New(talking{u})
	u.previews = preview.New(showing{u})
	u.book = u.chooseBook()
	u.outside = newOutside(u)
	u.small = newSmall(u)
	u.state.Stage.Layout, u.state.Stage.Hidden = u.set.Layout, u.set.SelfHidden
	cfg.App.Settings().SetTheme(u.set.Look(cfg.Theme))
	fontsLoaded := theme.LoadFonts()
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
	if unread != nil {
		u.state.Refuse("settings_load", call.SourceUnknown, unread, cfg.Now())
	}
	for _, room := range cfg.Crashed {
		u.state.Notify(model.Notice{At: cfg.Now(), Kind: model.NoticeCrashed, Name: room})
	}
	u.refresh()
	return u
}

// Window returns the window itself, for the package that wires the program.
func (u *UI) Window() fyne.Window { return u.win }

// Show shows the window. With its first frame the devices are listed, and the preview
// opens if the user has allowed it before: where none can be drawn, nothing is opened.
// The error is call.ErrNoDisplay: there is no window.
func (u *UI) Show() error {
	if err := opening.Show(u.win); err != nil {
		return err
	}
	u.running = true
	u.root.Painter.Start()
	u.outside.shown()
	if u.set.Speaker != "" {
		u.do(engine.SelectDevice{Source: call.SourceSpeaker, Device: u.set.Speaker}, call.SourceSpeaker)
	}
	u.setup.tell(Settings{})
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
	u.setup.tickSettings(now)
	moved := u.state.InRoom() && u.state.Screens.Settle(now)
	said := talking{u}.settle()
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
		u.outside.drops.Stop()
		u.around.Stop()
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
		u.setup.faults.Note(e.Event, e.At)
		switch v := e.Event.(type) {
		case call.TestChanged: // the end of one may come after the next was asked for
			u.setup.testing = v.Stage != call.TestEnded
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
	u.previews.Settle()
	u.setup.settleTest()
	u.settleShare(true)
	talking{u}.settle()
	fullScreen{u}.settle()
	u.endQuestion()
	menus{u}.settle()
	ruling{u}.settle()
	u.sheets.invite.Settle(u.sheets.invitation(u.state))
	u.setup.closeSettings()
	u.outside.settle()
	if title := u.outside.title(); title != u.win.Title() {
		u.win.SetTitle(title)
	}
	if u.outside.hidden {
		u.root.Suspend(u.state)
		u.outside.settleSmall()
		u.flushViews(u.cfg.Now())
		return
	}
	u.outside.settleSmall()
	screen, panel := u.root.Update(u.state, u.form(), u.cfg.Now())
	u.setup.showSettings()
	if screen {
		// What had the keyboard is gone.
		u.win.Canvas().Unfocus()
	}
	if panel {
		u.focusPanel()
	}
}

func (u *UI) form() view.Form {
	f := view.NewForm(u.book, u.set)
	f.Link, f.Forgotten = u.link, u.setup.forgotten != nil
	return f
}

func (u *UI) save() {
	err := u.cfg.Settings.Save(u.set)
	if err != nil {
		u.cfg.Log.WithError(err).Warn("settings were not saved")
	}
	if err != nil && !u.setup.unsaved { // once: the next press is not the place for it
		u.state.Refuse("settings_save", call.SourceUnknown, err, u.cfg.Now())
	}
	u.setup.unsaved = err != nil
}

// do gives a command to the engine. What it refuses is said in place.
func (u *UI) do(c engine.Command, about call.Source) bool {
	err := u.cfg.Do(c)
	if err != nil {
		u.refuse(c, about, err)
	}
	return err == nil
}

func (u *UI) refuse(c engine.Command, about call.Source, err error) {
	u.cfg.Log.WithField("command", c.Word()).WithError(err).Info("command refused")
	u.state.Refuse(c.Word(), about, err, u.cfg.Now())
}
