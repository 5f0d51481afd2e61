// Package around is what the settings ask of what lies around the window: files and
// pages that the system opens, links of other programs, the way to a room server.
//
// Everything but [Around.Stop] and the goroutines that it waits for belongs to Fyne's
// main goroutine.
package around

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/config"
	"foyer/ui/model"
	"foyer/ui/words"
)

// Around does it for one window.
type Around struct {
	conf    *config.Config
	state   *model.State
	refresh func()

	tested     int                // the number of tests, the newest one's
	endTest    context.CancelFunc // nil: there was none
	registered *bool              // nil: nobody has looked

	ctx  context.Context //nolint:containedctx // ends with Stop, and all that goes on beside with it
	stop context.CancelFunc
	work sync.WaitGroup
}

// New returns what belongs to a window: refresh shows the state.
func New(conf *config.Config, state *model.State, refresh func()) *Around {
	a := &Around{conf: conf, state: state, refresh: refresh}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// Stop ends what goes on beside, and waits for it. It hands nothing to the main goroutine
// any more.
func (a *Around) Stop() {
	a.stop()
	a.work.Wait()
}

// beside runs work beside the main goroutine, and done on it, unless Stop is first.
func (a *Around) beside(work, done func()) {
	a.work.Go(func() {
		work()
		if a.ctx.Err() == nil {
			a.conf.Dispatch(func() {
				if a.ctx.Err() == nil {
					done()
					a.refresh()
				}
			})
		}
	})
}

// OpenFolder implements settings.Actions.
func (a *Around) OpenFolder() { a.openFile(a.conf.Program.Folder, nil) }

// OpenLicences implements settings.Actions.
func (a *Around) OpenLicences() {
	if a.conf.WriteLicences != nil {
		a.openFile(a.conf.WriteLicences())
	}
}

// OpenRelease implements settings.Actions: it shows where the newer release is.
func (a *Around) OpenRelease() {
	u, err := url.Parse(a.state.Release.Page)
	if err == nil {
		err = a.conf.OpenURL(u)
	}
	a.refuse("open", err)
}

// openFile lets the system show a file or folder.
func (a *Around) openFile(path string, err error) {
	if err == nil {
		err = a.conf.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)})
	}
	a.refuse("open", err)
}

// refuse says what could not be done; nil is fine.
func (a *Around) refuse(command string, err error) {
	if err != nil {
		a.state.Refuse(command, call.SourceUnknown, err, a.conf.Now())
		a.refresh()
	}
}

// Registered reports whether links open in this program.
func (a *Around) Registered() bool {
	if a.registered == nil && a.conf.Links != nil {
		is := a.conf.Links.Registered()
		a.registered = &is
	}
	return a.registered != nil && *a.registered
}

// RegisterLinks implements settings.Actions.
func (a *Around) RegisterLinks(on bool) {
	if a.conf.Links == nil || on == a.Registered() {
		return
	}
	a.registered = &on
	var err error
	a.beside(func() { err = a.conf.Links.Register(a.ctx, on) }, func() {
		a.registered = nil // whatever is true now
		a.refuse("register_links", err)
	})
	a.refresh()
}

// TestNetwork implements settings.Actions: it tests the way to the server of a link, or
// ends a test. Without a link, and in a room, it is the way to that room.
func (a *Around) TestNetwork(text string) {
	test := &a.state.Setup.Network
	if test.Running {
		a.endTest()
		*test = model.NetworkTest{}
		a.refresh()
		return
	}
	link, err := a.link(text)
	if *test = (model.NetworkTest{LinkErr: err}); err == nil && a.conf.Check != nil {
		test.Running = true
		a.test(link)
	}
	a.refresh()
}

func (a *Around) link(text string) (call.Link, error) {
	switch here := a.state.Room.Link; {
	case strings.TrimSpace(text) != "":
		return call.ParseLink(text)
	case !a.state.InRoom():
		return call.Link{}, words.ErrNoLink
	case !here.Empty():
		return here, nil
	default:
		return a.state.Attempt.Link, nil
	}
}

func (a *Around) test(link call.Link) {
	if a.endTest != nil {
		a.endTest() // its page was left
	}
	ctx, end := context.WithCancel(a.ctx)
	a.tested, a.endTest = a.tested+1, end
	number := a.tested
	var found reach.Report
	a.beside(func() { found = a.conf.Check(ctx, link) }, func() {
		end()
		if test := &a.state.Setup.Network; test.Running && number == a.tested {
			*test = model.NetworkTest{Report: &found}
		}
	})
}
