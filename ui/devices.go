package ui

import (
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

// showing is the window for what of ours is open. It implements preview.Window.
type showing struct{ *UI }

func (u showing) State() *model.State            { return u.state }
func (u showing) Settings() *Settings            { return &u.set }
func (u showing) Seen() bool                     { return u.drawn && !u.outside.hidden }
func (u showing) Command(c engine.Command) error { return u.cfg.Do(c) }

func (u showing) Refuse(c engine.Command, about call.Source, err error) { u.refuse(c, about, err) }

// Preview is the user's permission, and another try after a failure.
func (a actions) Preview() {
	a.previews.Allow()
	a.save()
	a.refresh()
}

// ToggleCamera turns the camera on or off.
func (a actions) ToggleCamera() { toggleSource(a, call.SourceCamera) }

// ToggleMic turns the microphone on or off.
func (a actions) ToggleMic() { toggleSource(a, call.SourceMicrophone) }

func toggleSource(a actions, source call.Source) {
	a.previews.Toggle(source)
	if !a.state.InRoom() {
		a.save()
	}
	a.refresh()
}

// Pick chooses a device for a source, from now on.
func (a actions) Pick(source call.Source, device string) {
	a.previews.Pick(source, device)
	a.save()
	a.refresh()
}

// viewRest is how long sizes must have rested before the engine is told, so
// that dragging the window's edge is one command and not a hundred.
const viewRest = 250 * time.Millisecond

// ShowTrack records the size in which a remote video is shown. The next paint tells
// the engine whether it is shown at all.
func (a actions) ShowTrack(track call.SID, width, height int, hidden bool) {
	a.views[track] = engine.SetTrackView{Track: track, Width: width, Height: height, Disabled: hidden}
	if shown, known := a.shown[track]; !known || shown == hidden {
		a.shown[track] = !hidden
		a.viewAt = time.Time{}
	} else if !a.viewAt.IsZero() || len(a.views) == 1 {
		a.viewAt = a.cfg.Now()
	}
}

// flushViews tells the engine.
func (u *UI) flushViews(now time.Time) {
	if len(u.views) == 0 || now.Sub(u.viewAt) < viewRest {
		return
	}
	for _, v := range u.views {
		if err := u.cfg.Do(v); err != nil {
			// The track may be gone by now; nobody has to be told.
			u.cfg.Log.WithField("track", v.Track).WithError(err).Debug("size was not told")
		}
	}
	clear(u.views)
}
