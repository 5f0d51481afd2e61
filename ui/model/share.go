package model

import (
	"bytes"
	"image"
	"slices"

	"foyer/engine/call"
)

// Screens is what the state says of shared screens, ours and others'.
type Screens struct{ *State }

// Share is the choice of a screen to share, while it is open.
type Share struct {
	Screens []ScreenChoice
	Looking bool   // the screens are being listed
	Picked  string // the screen whose sharing begins, empty before
	Err     error  // why none can be shared
}

// ScreenChoice is one screen that can be shared.
type ScreenChoice struct {
	Device call.Device
	Image  *image.RGBA // what is on it; nil before it was looked at
	Black  bool        // nothing is: where a system forbids it, screens look like that
	Err    error       // why there is no frame
}

// Sharing reports whether our screen is shared, or is about to be.
func (s Screens) Sharing() bool { return s.Local[call.SourceScreen].On() }

// OpenShare opens the choice. The screens may have to be listed first: then it
// reports so.
func (s Screens) OpenShare() (look bool) {
	s.Share = &Share{}
	s.listScreens()
	s.Share.Looking = len(s.Share.Screens) == 0
	return s.Share.Looking
}

// listScreens takes the screens over from the list of devices. What is known of
// one stays.
func (s Screens) listScreens() {
	before := s.Share.Screens
	s.Share.Screens = nil
	for _, d := range s.Devices {
		if d.Source != call.SourceScreen {
			continue
		}
		choice := ScreenChoice{Device: d}
		if i := slices.IndexFunc(before, func(c ScreenChoice) bool { return c.Device.ID == d.ID }); i >= 0 {
			choice = before[i]
			choice.Device = d
		}
		s.Share.Screens = append(s.Share.Screens, choice)
	}
}

// CloseShare closes the choice.
func (s Screens) CloseShare() { s.Share = nil }

// PickScreen notes the screen whose sharing has been asked for.
func (s Screens) PickScreen(id string) {
	s.Share.Picked, s.Share.Err = id, nil
	s.Ask(call.SourceScreen, true)
}

// NextScreen is the screen to be looked at now, if there is one: one after the
// other, and none once one is chosen.
func (s Screens) NextScreen() (id string, ok bool) {
	_, open := s.Previews[call.SourceScreen]
	if s.Share == nil || s.Share.Picked != "" || open || s.Opening[call.SourceScreen] {
		return "", false
	}
	if c := s.unseen(); c != nil {
		return c.Device.ID, true
	}
	return "", false
}

// unseen is the screen whose turn it is.
func (s Screens) unseen() *ScreenChoice {
	for i := range s.Share.Screens {
		if c := &s.Share.Screens[i]; c.Image == nil && c.Err == nil {
			return c
		}
	}
	return nil
}

// Size of the frame of a screen in the choice, in pixels: enough for twice as
// many as it is shown in.
const (
	ScreenImageWidth  = 520
	ScreenImageHeight = 292
)

// TakeImage takes the frame of the screen that is looked at, once there is
// one, and reports whether it has: the screen can be closed then.
func (s Screens) TakeImage() bool {
	p, open := s.Previews[call.SourceScreen]
	if !open || s.Share == nil || s.Share.Picked != "" || p.Slot == nil {
		return false
	}
	p.Slot.SetView(call.View{Width: ScreenImageWidth, Height: ScreenImageHeight, Fit: call.FitContain})
	frame, _ := p.Slot.Latest()
	if frame == nil {
		return false
	}
	for i := range s.Share.Screens {
		if c := &s.Share.Screens[i]; c.Device.ID == p.Device.ID {
			c.Image = &image.RGBA{Pix: bytes.Clone(frame.Pix), Stride: frame.Stride, Rect: frame.Rect}
			c.Black = black(c.Image)
		}
	}
	return true
}

// black reports whether a frame has no light at all.
func black(p *image.RGBA) bool {
	for i := 0; i+3 < len(p.Pix); i += 4 {
		if p.Pix[i] > 1 || p.Pix[i+1] > 1 || p.Pix[i+2] > 1 {
			return false
		}
	}
	return true
}

// shareListed takes over a new list of devices, or why there is none.
func (s Screens) shareListed(err error) {
	if s.Share == nil {
		return
	}
	s.listScreens()
	s.Share.Looking = false
	if err != nil && len(s.Share.Screens) == 0 {
		s.Share.Err = err
	}
}

// shareFailed puts what went wrong with a screen into its choice, while that is
// open, and reports whether it did.
func (s Screens) shareFailed(v call.CommandFailed) bool {
	switch {
	case s.Share == nil:
		return false
	case v.Command == commandDevices:
		s.shareListed(v.Err)
	case v.Source != call.SourceScreen:
		return false
	case v.Command == commandPreview:
		if c := s.unseen(); c != nil {
			c.Err = v.Err
		}
	default:
		s.Share.Picked, s.Share.Err = "", v.Err
	}
	return true
}

// shareLost does the same with a screen that went away while it was looked at, and
// reports whether it did.
func (s Screens) shareLost(d call.Device, err error) bool {
	if s.Share == nil || d.Source != call.SourceScreen {
		return false
	}
	for i := range s.Share.Screens {
		if c := &s.Share.Screens[i]; c.Device.ID == d.ID {
			c.Err = err
		}
	}
	s.Share.Picked = ""
	return true
}

// Words of the commands that the choice gives.
const (
	commandDevices = "devices"
	commandPreview = "preview"
)
