package ui

import (
	"time"

	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/model"
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

// maxRecent rooms are remembered.
const maxRecent = 5

// Store keeps the settings. Both are called on the main goroutine and should
// return at once.
type Store interface {
	Load() Settings
	Save(Settings) error
}

// remember puts a room at the head of the list.
func (s *Settings) remember(r Recent) {
	kept := []Recent{r}
	for _, old := range s.Recent {
		if (old.Room != r.Room || old.Own != r.Own) && len(kept) < maxRecent {
			kept = append(kept, old)
		}
	}
	s.Recent = kept
}
