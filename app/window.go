package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"github.com/sirupsen/logrus"

	"foyer/app/about"
	"foyer/app/appleevent"
	"foyer/app/atspi"
	"foyer/app/console"
	"foyer/app/desktop"
	"foyer/app/install"
	"foyer/app/instance"
	"foyer/app/language"
	"foyer/app/memory"
	"foyer/app/muted"
	"foyer/app/native"
	"foyer/app/profiling"
	"foyer/engine/call"
	"foyer/engine/netcheck"
	"foyer/engine/roomserver"
	"foyer/ui"
	"foyer/ui/access"
	"foyer/ui/config"
	"foyer/ui/desk"
	"foyer/ui/model"
	"foyer/ui/opening"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// windowName stands in messages where a command's name would.
const windowName = "window"

// programTitle is what the program is called where it is not translated.
const programTitle = "Foyer"

func runWindow(std io3, args []string) int {
	c := newCommand(std, windowName, "[LINK|-] [--profile DIR] [--or-try] [--pprof ADDR] [--trace FILE]\n"+
		"       foyer --register-links | --unregister-links")
	dir := c.String("profile", "", "folder with the key and settings (default: the user's config folder)")
	orTry := c.Bool("or-try", false, "if no window can be opened, show a room in this terminal, as “foyer try” does")
	register := c.Bool("register-links", false, "let this program open foyer: links, with an entry in your menu, and exit")
	unregister := c.Bool("unregister-links", false, "remove what --register-links added, and exit")
	c.StringVar(&c.pprof, "pprof", "", profiling.Usage)
	c.traceFlag()
	c.notes = linkNote
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) > 1 {
		return c.misused("it takes one link, got %d", len(positional))
	}
	if *register || *unregister {
		if *register == *unregister || len(positional) > 0 {
			return c.misused("--register-links and --unregister-links stand alone")
		}
		return c.registerLinks(*unregister)
	}
	link, err := c.takeLink(positional)
	if err != nil {
		return c.fail(exitUsage, "%s", words.Error(err))
	}
	endLook, err := c.lookInside()
	if err != nil {
		return c.misused("%v", err)
	}
	err = c.window(*dir, link)
	endLook()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, call.ErrNoDisplay):
		status := c.explain(exitFailed, err)
		if *orTry {
			return runTry(std, nil)
		}
		book := words.Choose("", language.Preferred())
		console.Alert(programTitle, book.Error(err, "", call.SourceUnknown, time.Now()).Whole())
		return status
	default:
		return c.showFailure(err)
	}
}

// window runs the window of a profile, or hands the link over to the one that it
// has.
func (c *command) window(dir, link string) error {
	p, err := openProfile(dir)
	if err != nil {
		return err
	}
	defer p.dir.Close()
	claim, unclaimed := claimWindow(p, link)
	switch {
	case errors.Is(unclaimed, instance.ErrHandedOver), errors.Is(unclaimed, context.Canceled):
		return nil
	case errors.Is(unclaimed, call.ErrWindowSilent):
		return unclaimed
	}
	defer claim.Close()
	logFile, err := openLog(p)
	if err != nil {
		return err
	}
	defer logFile.Close()
	log := c.logger(io.MultiWriter(logFile, besideLog{c.std.err}))
	p.tellRepairs(log)
	if unclaimed != nil {
		log.WithError(unclaimed).Warn("a second window of this profile would not be noticed")
	}
	settings := &settingsFile{profile: p, log: log}
	child := roomserver.NewChild(roomserver.ChildConfig{
		Data: p.path("server"), Log: log.WithField("part", "host"), LeaveRouter: settings.alone.Load,
		Public: settings.publicName, Relay: settings.relayLink,
	})
	err = c.showWindow(p, claim, child, settings, link, log)
	if err != nil {
		log.SetOutput(logFile) // the terminal gets it from the caller
		log.Error(words.Error(err).String())
	}
	return err
}

// claimWindow makes this the one window of the profile, or hands the link over
// to that one.
func claimWindow(p *profile, link string) (*instance.Instance, error) {
	ctx, stop := untilTold() // until Fyne listens to signals itself
	defer stop()
	return instance.Claim(ctx, p.dir, link)
}

// takeLinks lets the window take the links of later starts, and those that the system
// hands over, until the answer is called. claim may be nil.
func takeLinks(claim *instance.Instance, w *ui.UI, log logrus.FieldLogger) (stop func()) {
	deafen := appleevent.Take(func(ctx context.Context, link string) { w.OpenLink(ctx, link) })
	if claim == nil {
		return deafen
	}
	unlisten, err := claim.Listen(w.OpenLink, log)
	if err != nil {
		log.WithError(err).Warn("links of later starts are not taken")
		return deafen
	}
	return func() {
		unlisten()
		deafen()
	}
}

// showFailure says why there is no window, in a window of its own: a user who started
// the program from a desktop sees no terminal.
func (c *command) showFailure(err error) int {
	status := c.explain(exitFailed, err)
	a := fyneapp.NewWithID(install.ID)
	if muted.Draw(func() error {
		book := words.Choose("", language.Preferred())
		_, err := opening.ShowFailure(a, book, book.Error(err, "", call.SourceUnknown, time.Now()))
		return err
	}, func(error) { os.Exit(status) }) == nil {
		runApp(a)
	}
	return status
}

// showWindow runs the window until it is closed or the process is told to end.
// Fyne catches SIGINT and SIGTERM itself and runs no callback of ours then: the
// line after Run is the only one that every end passes, so the exit is there.
// Links are taken once the window is there; the error is call.ErrNoDisplay.
func (c *command) showWindow(
	p *profile, claim *instance.Instance, child *roomserver.Child, settings *settingsFile, link string, log *logrus.Logger,
) error {
	// The collector would run a dozen times before the first frame, over a heap
	// that is still small.
	collect := debug.SetGCPercent(-1)
	appleevent.Listen()
	a := fyneapp.NewWithID(install.ID)
	core := newCore(p, log, c.tracer, child, ui.Shown)
	memory.KeepTextures()
	crashed, forget := crashes(p)
	var w *ui.UI
	around := desktop.New(desktop.Config{
		Press: func(a desk.Action) { w.Press(a) }, Woke: func(d time.Duration) { w.Woke(d) },
		Talk: func(down bool) { w.Talk(down) }, Reach: func(r desk.Reach) { w.Reached(r) },
		Log: log.WithField("part", "desktop"),
	})
	voice := &access.Voice{}
	news := newNews(p, log, func(r model.Release) { w.Released(r) })
	settings.news = news
	program := aboutProgram(p, log)
	program.News = news != nil
	links := linksOfUser(&program)
	err := muted.Draw(func() error {
		w = ui.New(ui.Config{
			App: a, Do: core.Do, Events: core.Events(), Settings: settings,
			Identity: p.identity(), InitialLink: link, Crashed: crashed, Locales: language.Preferred(),
			Log: log.WithField("part", "ui"), Desktop: around, Frame: native.Of, Voice: voice,
			Program: program, Check: netcheck.Run, Links: links,
			WriteLicences: func() (string, error) { return about.WriteLicences(p.dir) },
		})
		return w.Show()
	}, func(err error) { os.Exit(c.explain(exitFailed, err)) })
	debug.SetGCPercent(collect)
	if err == nil {
		forget()
		reader := readAloud(a, voice, log)
		defer reader.Close()
		w.Pump(context.Background())
		settings.startNews()
		untold := quitWhenTold(a)
		deafen := takeLinks(claim, w, log.WithField("part", "instance"))
		runApp(a)

		// After Run a late call to the main thread would run anywhere.
		reader.Deafen()
		news.Close()
		deafen()
		untold()
		around.Deafen()
		w.Stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	core.close(ctx)
	around.Close()       // after the devices: a desktop may be slow to answer
	core.Events().Take() // nobody shows the last ones, but the stay file follows them
	return err
}

// linksOfUser is what opens links for the user, if that is the program's to do.
func linksOfUser(program *settings.Program) config.Links {
	opener := install.NewOpener()
	if opener == nil {
		return nil
	}
	program.Links = true
	return opener
}

// readAloud hands the windows to screen readers, and what the voice says.
func readAloud(a fyne.App, voice *access.Voice, log logrus.FieldLogger) *atspi.Reader {
	return atspi.New(atspi.Config{
		App: a, Voice: voice, Name: programTitle, Log: log.WithField("part", "atspi"),
		Frame: func(w fyne.Window) atspi.Frame { f, _ := native.Of(w).(atspi.Frame); return f },
	})
}

// aboutProgram is what the window's settings say of the program.
func aboutProgram(p *profile, log logrus.FieldLogger) settings.Program {
	return settings.Program{Version: versionLine(), Folder: p.path("."), Libraries: func() []settings.Library {
		list, err := about.Libraries()
		if err != nil {
			log.WithError(err).Warn("the libraries cannot be listed")
		}
		return list
	}}
}

// runApp runs the main loop until the last window is closed or a quits.
//
// Fyne runs the hook for the end on another goroutine, which hands it back to the main
// thread. On a busy computer the main thread has looked for the last time by then
// (Fyne 2.7.1, glfw/loop.go): the two wait for each other, Run never returns, and
// camera and microphone stay on. So no hook is left to Fyne. Its own, which saves
// preferences, runs after Run.
func runApp(a fyne.App) {
	hook := takeLastHook(a)
	a.Run()
	if hook != nil {
		hook()
	}
}

// takeLastHook takes from a what it would run at its end.
func takeLastHook(a fyne.App) (hook func()) {
	lifecycle, ok := a.Lifecycle().(interface {
		OnStopped() func()
		SetOnStoppedHookExecuted(func())
	})
	if !ok {
		return nil
	}
	hook = lifecycle.OnStopped()
	lifecycle.SetOnStoppedHookExecuted(nil)
	return hook
}

// quitWhenTold ends the window when the process is told to end. Fyne listens to
// SIGINT and SIGTERM too, but only some time after the window is there. The answer
// ends the listening.
func quitWhenTold(a fyne.App) (end func()) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(told, syscall.SIGHUP)
	}
	done := make(chan struct{})
	var listener sync.WaitGroup
	listener.Go(func() {
		select {
		case <-told:
			fyne.Do(a.Quit)
		case <-done:
		}
	})
	return func() {
		signal.Stop(told)
		close(done)
		listener.Wait()
	}
}

// crashes are the rooms of earlier starts that ended without a word. forget is for
// when the window says so.
func crashes(p *profile) (rooms []string, forget func()) {
	crashed, forget := crashedStays(p)
	for _, r := range crashed {
		rooms = append(rooms, cmp.Or(r.Title, string(r.Room)))
	}
	return rooms, forget
}

// besideLog is a writer that may be missing: a program started from a desktop
// has no terminal.
type besideLog struct{ w io.Writer }

func (b besideLog) Write(p []byte) (int, error) {
	_, _ = b.w.Write(p)
	return len(p), nil
}
