package ui

import (
	"time"

	"foyer/engine"
	"foyer/engine/call"
)

// settlePreviews opens what the user wants to see and hear before a stay, where
// the screen shows it, and closes what it does not show. It is called whenever
// the screen is: no other place opens or closes a preview for the sake of a
// screen. In a stay, and while one begins or ends, the devices are the engine's.
// Until the user has asked once, and until the window has been drawn, nothing is
// opened; nor while it is minimized, since no page is shown then.
func (u *UI) settlePreviews() {
	if u.state.InRoom() {
		u.setup.settleTry()
		return
	}
	u.setup.tried = false // a stay's end has closed it
	if u.state.Busy() || u.state.Engine != call.StateIdle {
		return
	}
	shown := u.drawn && !u.outside.hidden && u.state.Setup.ShowsPreview(u.state.Screen)
	u.settlePreview(call.SourceCamera, u.set.Camera, shown && (u.set.Asked && u.set.CameraOn || u.state.Setup.Try))
	u.settlePreview(call.SourceMicrophone, u.set.Microphone, shown && u.set.Asked && !u.set.MicOff)
}

// settleTry does the same for a camera that is off in a room, and that the user
// looks at in the settings.
func (u *setup) settleTry() {
	if u.state.Engine != call.StateJoined && u.state.Engine != call.StateReconnecting {
		return
	}
	on := u.state.Local[call.SourceCamera].On()
	switch {
	case on:
		u.tried = false // the room sees it: the engine has made it the stay's
	case u.state.Setup.Try && !u.outside.hidden && u.state.Trouble[call.SourceCamera] == nil:
		u.startPreview(call.SourceCamera, u.set.Camera)
		u.tried = true
	case u.tried:
		u.tried = false
		u.stopPreview(call.SourceCamera)
	}
}

func (u *UI) settlePreview(source call.Source, device string, wanted bool) {
	switch {
	case !wanted:
		u.stopPreview(source)
	case u.state.Trouble[source] == nil: // else the user decides whether to try again
		u.startPreview(source, device)
	}
}

func (u *UI) startPreview(source call.Source, device string) {
	if _, open := u.state.Previews[source]; open || u.state.Opening[source] || device == call.DeviceNone {
		return
	}
	if u.do(engine.StartPreview{Source: source, Device: device}, source) {
		u.state.AskPreview(source)
	}
}

func (u *UI) stopPreview(source call.Source) {
	_, open := u.state.Previews[source]
	if open || u.state.Opening[source] {
		delete(u.state.Opening, source)
		delete(u.state.Previews, source) // what is off shows nothing any more
		u.do(engine.StopPreview{Source: source}, source)
	}
}

// Preview is the user's permission, and another try after a failure.
func (a actions) Preview() {
	if !a.set.Asked {
		a.set.Asked, a.set.MicOff = true, false
	}
	a.set.CameraOn = true
	if a.set.Camera == call.DeviceNone {
		a.set.Camera = ""
	}
	delete(a.state.Trouble, call.SourceCamera)
	a.save()
	a.refresh()
}

// ToggleCamera turns the camera on or off: the preview in the lobby, what the
// others see in a room.
func (a actions) ToggleCamera() {
	switch {
	case a.state.InRoom():
		a.toggleInRoom(call.SourceCamera, a.set.Camera)
	case a.state.Busy():
	case !a.set.CameraOn || !a.set.Asked:
		a.Preview()
	default:
		a.set.CameraOn = false
		delete(a.state.Trouble, call.SourceCamera)
		a.save()
	}
	a.refresh()
}

// ToggleMic turns the microphone on or off.
func (a actions) ToggleMic() {
	switch {
	case a.state.InRoom():
		a.toggleInRoom(call.SourceMicrophone, a.set.Microphone)
	case a.state.Busy():
	case a.set.MicOff:
		a.set.MicOff = false
		if a.set.Microphone == call.DeviceNone {
			a.set.Microphone = ""
		}
		delete(a.state.Trouble, call.SourceMicrophone)
		a.save()
	default:
		a.set.MicOff = true
		delete(a.state.Trouble, call.SourceMicrophone)
		a.save()
	}
	a.refresh()
}

// toggleInRoom publishes, mutes or unmutes. A source that is being published is
// taken back rather than muted.
func (u *UI) toggleInRoom(source call.Source, device string) {
	if u.state.Engine == call.StateLeaving {
		return
	}
	l := u.state.Local[source]
	want := !l.On()
	if device == call.DeviceNone {
		device = ""
	}
	var c engine.Command
	switch {
	case want && l.Published:
		c = engine.Unmute{Source: source}
	case want:
		c = engine.Publish{Source: source, Device: device}
	case l.Published:
		c = engine.Mute{Source: source}
	default:
		c = engine.Unpublish{Source: source}
	}
	if u.do(c, source) {
		u.state.Ask(source, want)
	}
}

// Pick chooses a device for a source, from now on.
func (a actions) Pick(source call.Source, device string) {
	before := a.device(source)
	if source == call.SourceCamera && device == call.DeviceNone {
		a.state.Setup.Try = false
	}
	a.setDevice(source, device)
	a.set.RememberName(source, device, a.state.Devices)
	a.save()
	switch {
	case device == call.DeviceNone && a.state.InRoom() && source != call.SourceSpeaker:
		if a.state.Local[source].On() {
			a.toggleInRoom(source, device)
		}
	case source == call.SourceSpeaker:
		a.do(engine.SelectDevice{Source: source, Device: device}, source)
	case device == call.DeviceNone:
		a.setOn(source, false)
		delete(a.state.Trouble, source)
	default:
		if before == call.DeviceNone {
			a.setOn(source, true)
		}
		delete(a.state.Trouble, source)
		a.do(engine.SelectDevice{Source: source, Device: device}, source)
	}
	a.refresh()
}

func (u *UI) device(source call.Source) string {
	switch source {
	case call.SourceCamera:
		return u.set.Camera
	case call.SourceMicrophone:
		return u.set.Microphone
	default:
		return u.set.Speaker
	}
}

func (u *UI) setDevice(source call.Source, device string) {
	switch source {
	case call.SourceCamera:
		u.set.Camera = device
	case call.SourceMicrophone:
		u.set.Microphone = device
	default:
		u.set.Speaker = device
	}
}

func (u *UI) setOn(source call.Source, on bool) {
	if source == call.SourceCamera {
		u.set.CameraOn = on
		return
	}
	u.set.MicOff = !on
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
