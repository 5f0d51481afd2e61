package preview

import (
	"errors"

	"foyer/engine"
	"foyer/engine/call"
)

// Toggle turns the camera or the microphone on or off: what the others get in a room,
// and before it what a stay begins with. To turn on the camera is the user's permission
// to show it.
func (p *Previews) Toggle(source call.Source) {
	switch on := p.w.Settings().On(source); {
	case p.w.State().InRoom():
		p.ToggleInRoom(source)
	case on:
		p.turn(source, false)
	case source == call.SourceCamera:
		p.Allow()
	default:
		p.turn(source, true)
	}
}

// Allow is the user's permission, and another try after a failure.
func (p *Previews) Allow() {
	p.w.Settings().Asked = true
	p.turn(call.SourceCamera, true)
}

// turn turns a source on or off before a stay.
func (p *Previews) turn(source call.Source, on bool) {
	s, set := p.w.State(), p.w.Settings()
	if on && set.Device(source) == call.DeviceNone {
		set.SetDevice(source, "")
	}
	set.SetOn(source, on)
	delete(s.Trouble, source)
	if s.Busy() {
		p.choose(source, on)
	}
}

// choose tells a stay that is being begun whether to begin with a source.
func (p *Previews) choose(source call.Source, on bool) {
	var c engine.Command = engine.Unpublish{Source: source}
	if on {
		c = engine.Publish{Source: source, Device: p.w.Settings().Device(source)}
	}
	switch err := p.w.Command(c); {
	case err == nil, errors.Is(err, call.ErrNotPublished): // its device has failed
		p.w.State().Attempt.Choose(source, on)
	case errors.Is(err, call.ErrNotInRoom): // it has ended: we are about to be told
	default:
		p.w.Refuse(c, source, err)
	}
}

// ToggleInRoom publishes, mutes or unmutes. A source that is being published is
// taken back rather than muted. Of a stay that ends for a switch, the next one gets it.
func (p *Previews) ToggleInRoom(source call.Source) {
	s := p.w.State()
	leaving := s.Engine == call.StateLeaving
	if leaving && s.Switch == nil {
		return
	}
	l := s.Local[source]
	want := !l.On()
	device := p.w.Settings().Device(source)
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
	switch err := p.w.Command(c); {
	case err == nil:
		s.Ask(source, want)
	case leaving && errors.Is(err, call.ErrNotInRoom): // we go nowhere
	default:
		p.w.Refuse(c, source, err)
	}
}

// Pick chooses a device for a source, from now on.
func (p *Previews) Pick(source call.Source, device string) {
	s, set := p.w.State(), p.w.Settings()
	before := set.Device(source)
	if source == call.SourceCamera && device == call.DeviceNone {
		s.Setup.Try = false
	}
	set.SetDevice(source, device)
	set.RememberName(source, device, s.Devices)
	switch none := device == call.DeviceNone; {
	case source == call.SourceSpeaker:
		p.do(engine.SelectDevice{Source: source, Device: device}, source)
	case none && !s.InRoom():
		p.turn(source, false)
	case none:
		if s.Local[source].On() {
			p.ToggleInRoom(source)
		}
	default:
		delete(s.Trouble, source)
		p.do(engine.SelectDevice{Source: source, Device: device}, source)
		if before == call.DeviceNone && s.InRoom() {
			set.SetOn(source, true)
		} else if before == call.DeviceNone {
			p.turn(source, true)
		}
	}
}

// Sleep turns off what a stay that is being begun would begin with. It reports whether
// anything was on.
func (p *Previews) Sleep() (was bool) {
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceCamera} {
		if p.w.Settings().On(source) {
			p.turn(source, false)
			was = true
		}
	}
	return was
}

func (p *Previews) do(c engine.Command, about call.Source) {
	if err := p.w.Command(c); err != nil {
		p.w.Refuse(c, about, err)
	}
}
