// Package config is what the window is made with.
package config

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/eventqueue"
	"foyer/ui/access"
	"foyer/ui/desk"
	"foyer/ui/kit/glyphs"
	"foyer/ui/saved"
	"foyer/ui/theme"
	"foyer/ui/view/settings"
)

// Config is what the window needs. App, Do, Events and Settings are required.
type Config struct {
	App      fyne.App
	Do       func(engine.Command) error // answers at once
	Events   *eventqueue.Queue
	Settings saved.Store
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
	// Voice takes what is said aloud, for people who do not see the window; nil means
	// that nobody listens.
	Voice *access.Voice

	Clipboard fyne.Clipboard       // nil means the App's
	OpenURL   func(*url.URL) error // nil means the App's
	Glyphs    func(string) bool    // whether a text can be drawn; nil means glyphs.Has
	Theme     *theme.Theme         // nil means Foyer's, following the system
	Now       func() time.Time     // nil means time.Now
	Random    io.Reader            // for room IDs; nil means crypto/rand
	Log       logrus.FieldLogger   // nil means none

	// Program is what the settings say of the program; its keys and languages the
	// window knows itself.
	Program settings.Program
	// WriteLicences writes the licences of the libraries into a file and returns its
	// path; nil means that there are none to show.
	WriteLicences func() (string, error)
	// Check tests the way to the room server of a link; it may take seconds.
	Check func(context.Context, call.Link) reach.Report
	// Links is nil where something else has seen to it that links open in Foyer.
	Links Links
}

// Links lets this program be the one that opens foyer: links for the user.
type Links interface {
	Registered() bool
	// Register may take seconds.
	Register(ctx context.Context, on bool) error
}

// WithDefaults returns a configuration with what was left out.
func WithDefaults(cfg Config) Config {
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

// noDesktop is a desktop that has nothing.
type noDesktop struct{}

func (noDesktop) Show(desk.Stay)    {}
func (noDesktop) Notify(desk.Note)  {}
func (noDesktop) Withdraw()         {}
func (noDesktop) Talk(desk.TalkKey) {}

// NewRoomID makes an ID that nobody guesses and every peer accepts.
func (c Config) NewRoomID() (call.RoomID, error) {
	raw := make([]byte, 5)
	if _, err := io.ReadFull(c.Random, raw); err != nil {
		return "", fmt.Errorf("room ID: %w", err)
	}
	return call.RoomID("r-" + strings.ToLower(base32.StdEncoding.EncodeToString(raw))), nil
}
