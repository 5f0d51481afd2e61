// Package saved is what the window remembers from one start to the next. Its values
// belong to the window's main goroutine.
package saved

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/call/reach"
	"foyer/ui/desk"
	"foyer/ui/model"
	"foyer/ui/theme"
)

// Settings is what the window remembers from one start to the next. The zero
// value is that of a first start: no name, nothing previewed, microphone on.
type Settings struct {
	Name       string `json:"name"`
	Camera     string `json:"camera"` // as in engine.Choice
	Microphone string `json:"microphone"`
	Speaker    string `json:"speaker"`
	// Asked is set once the user has allowed a preview: until then no device
	// is opened before a room.
	Asked    bool     `json:"preview_asked"`
	CameraOn bool     `json:"camera_on"`
	MicOff   bool     `json:"microphone_off"`
	Recent   []Recent `json:"recent"` // newest first
	// Language is the code of the window's language (words.Languages); empty is
	// the system's.
	Language string `json:"language,omitempty"`
	// How the people lie in a room, and whether we are not among them.
	Layout     model.Layout `json:"layout"`
	SelfHidden bool         `json:"self_hidden"`
	// Notifications are the desktop's, while the window is not in front.
	Notifications Notifications `json:"notifications"`
	Window        desk.Place    `json:"window"` // where it was last; zero: nowhere yet

	// Names are what the chosen devices were called, by their source: one that is
	// missing is known by it.
	Names      map[string]string `json:"device_names,omitempty"`
	SendHeight int               `json:"send_height,omitempty"` // lines; 0: no limit
	AudioOnly  bool              `json:"audio_only,omitempty"`
	Theme      string            `json:"theme,omitempty"`     // dark, light; empty: as the system
	Text       string            `json:"text_size,omitempty"` // large, largest; empty: normal
	Still      bool              `json:"reduce_motion,omitempty"`
	Voice      mic.Voice         `json:"voice,omitzero"` // what is done to our microphone
	// TalkKey lets the user speak in every window (desk.TalkKeys); empty is none.
	TalkKey string `json:"talk_key,omitempty"`
	Small   bool   `json:"small_window,omitempty"` // whenever Foyer is minimized in a room
	// LeaveRouter starts rooms without asking the router to let others in.
	LeaveRouter bool `json:"leave_router,omitempty"`
	// Public is the name or address by which people elsewhere reach rooms of ours,
	// HOST or HOST:PORT; empty: none is known.
	Public string `json:"public_name,omitempty"`
	// Relay is the link of the relay by which people elsewhere come to rooms of ours, a
	// secret; empty: there is none.
	Relay string `json:"relay,omitempty"`
	// NoNews asks nobody for newer releases.
	NoNews bool `json:"no_release_news,omitempty"`
}

// Notifications says what the desktop may tell while the window is not in front.
// The zero value is all of it.
type Notifications struct {
	Off     bool `json:"off"`     // nothing
	Private bool `json:"private"` // that there is something, without names and texts
}

// Recent is a room that was visited. Link holds the invitation's secret: keep
// the settings where nobody else can read them.
type Recent struct {
	Room  call.RoomID `json:"room"`
	Title string      `json:"title"`
	Own   bool        `json:"own"`            // started on this computer
	Link  string      `json:"link,omitempty"` // an invite link, for the rooms of others
	At    time.Time   `json:"at"`
}

// MaxRecent rooms are remembered.
const MaxRecent = 5

// Store keeps the settings. Both are called on the main goroutine and should
// return at once.
type Store interface {
	// Load returns the settings to begin with. An error says why they are not those
	// that were saved.
	Load() (Settings, error)
	Save(Settings) error
}

// Remember puts a room at the head of the list. Each start makes a room of its own:
// of those with one title, the newest stays.
func (s *Settings) Remember(r Recent) {
	kept := []Recent{r}
	for _, old := range s.Recent {
		same := old.Own == r.Own && (old.Room == r.Room || r.Own && old.Title == r.Title)
		if !same && len(kept) < MaxRecent {
			kept = append(kept, old)
		}
	}
	s.Recent = kept
}

// known reports whether a value is one of those that the settings offer.
func known[T comparable](value T, offered ...T) bool {
	return slices.Contains(offered, value)
}

// Clean takes back what no version of the window has written.
func (s *Settings) Clean() {
	if !known(s.SendHeight, 0, 180, 360, 720) {
		s.SendHeight = 0
	}
	if !known(s.Theme, "", "dark", "light") {
		s.Theme = ""
	}
	if !known(s.Text, "", "large", "largest") {
		s.Text = ""
	}
	if !slices.Contains(desk.TalkKeys(), fyne.KeyName(s.TalkKey)) {
		s.TalkKey = ""
	}
	if _, err := reach.ParsePublic(s.Public); err != nil {
		s.Public = ""
	}
	if _, err := reach.ParseRelayLink(s.Relay); err != nil {
		s.Relay = ""
	}
	s.Voice.Clean()
	s.Recent = s.Recent[:min(len(s.Recent), MaxRecent)]
}

// Device is the device that is chosen for a source.
func (s *Settings) Device(source call.Source) string {
	switch source {
	case call.SourceCamera:
		return s.Camera
	case call.SourceMicrophone:
		return s.Microphone
	default:
		return s.Speaker
	}
}

// SetDevice chooses one.
func (s *Settings) SetDevice(source call.Source, device string) {
	switch source {
	case call.SourceCamera:
		s.Camera = device
	case call.SourceMicrophone:
		s.Microphone = device
	default:
		s.Speaker = device
	}
}

// On reports whether a stay begins with the camera, or the microphone.
func (s *Settings) On(source call.Source) bool {
	if source == call.SourceCamera {
		return s.CameraOn
	}
	return !s.MicOff
}

// SetOn sets that.
func (s *Settings) SetOn(source call.Source, on bool) {
	if source == call.SourceCamera {
		s.CameraOn = on
		return
	}
	s.MicOff = !on
}

// RememberName keeps what a device is called that was chosen.
func (s *Settings) RememberName(source call.Source, id string, all []call.Device) {
	names := maps.Clone(s.Names) // what was saved stays as it was
	if names == nil {
		names = map[string]string{}
	}
	delete(names, source.String())
	for _, d := range all {
		if d.Source == source && d.ID == id {
			names[source.String()] = d.Name
		}
	}
	s.Names = names
}

// DeviceNames returns what the chosen devices were called, by their source.
func (s *Settings) DeviceNames() map[call.Source]string {
	all := map[call.Source]string{}
	for _, source := range []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker} {
		if name := s.Names[source.String()]; name != "" {
			all[source] = name
		}
	}
	return all
}

// Told are the settings as JSON, without what is nobody's business.
func (s Settings) Told() string {
	rooms := len(s.Recent)
	s.Name, s.Recent = "", nil
	if s.Public != "" {
		s.Public = "…"
	}
	if s.Relay != "" {
		s.Relay = "…"
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil { // they were read from JSON
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nrecent rooms: %d", data, rooms)
	return b.String()
}

// Look is the look that is chosen; usual is that of somebody who has chosen none.
func (s Settings) Look(usual *theme.Theme) *theme.Theme {
	t := usual
	switch s.Theme {
	case "dark":
		t = theme.Fixed(fynetheme.VariantDark)
	case "light":
		t = theme.Fixed(fynetheme.VariantLight)
	}
	switch s.Text {
	case "large":
		t = t.WithText(theme.TextLarge)
	case "largest":
		t = t.WithText(theme.TextLargest)
	}
	if s.Still {
		t = t.WithoutMotion()
	}
	return t
}
