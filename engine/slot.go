package engine

import (
	"fmt"

	"foyer/engine/call"
)

// slot is the place of a source's one open device, and what is wished for it
// apart from a stay.
type slot struct {
	source call.Source

	preview       bool   // wished: shown to ourselves, in the lobby or before publishing
	previewDevice string // a request

	dev      *device // opening, open or closing; nil when the system has it
	word     string  // the command to blame if it does not open
	fellBack bool    // a lost device was replaced by the default once already
}

// wish is what a slot's device should be.
type wish struct {
	device string // a request
	open   bool
}

// wished derives what the device of src should be from the stay and the preview.
func (l *loop) wished(src call.Source) wish {
	sl, s := l.slots[src], l.stay
	preview := wish{device: sl.previewDevice, open: sl.preview}
	switch {
	case l.quitting:
		return wish{}
	case s == nil:
		return preview
	case s.exit != nil && s.exit.keepsDevices():
		return s.exit.next.wished(src, preview)
	case s.exit != nil:
		preview.open = preview.open && s.exit.keepPreview
		return preview
	case !s.back.Empty() && !s.joined:
		return s.wished(src, preview)
	case !s.joined && preview.open && src != call.SourceSpeaker:
		// The lobby's preview stays until the stay begins: joining may fail.
		return preview
	}
	return s.wished(src, preview)
}

// wished is the device that an entry shows or plays with, or the preview's.
func (e *entry) wished(src call.Source, preview wish) wish {
	if src == call.SourceSpeaker {
		return wish{device: e.speaker, open: e.speaker != call.DeviceNone}
	}
	p := e.pubs[src]
	if p.want && !p.broken && !(p.muted && src.Kind() == call.KindVideo) {
		return wish{device: p.device, open: true}
	}
	return preview
}

// settle brings the device and the publication of src one step closer to what
// is wished for them. It is called after everything that may change either.
func (l *loop) settle(src call.Source) {
	l.settleDevice(l.slots[src])
	if s := l.active(); s != nil && src != call.SourceSpeaker {
		l.settlePublication(s, s.pubs[src])
	}
}

func (l *loop) settleDevice(sl *slot) {
	w, d := l.wished(sl.source), sl.dev
	switch {
	case d == nil && w.open:
		l.open(sl, w.device)
	case d != nil && d.phase < phaseClosing && !(w.open && d.matches(w.device)):
		l.close(d)
	}
}

// openDevice is the device of src that works, or nil.
func (l *loop) openDevice(src call.Source) *device {
	if d := l.slots[src].dev; d != nil && d.phase == phaseOpen {
		return d
	}
	return nil
}

// resolve turns the empty request into what was selected for the source.
func (l *loop) resolve(src call.Source, request string) string {
	if request == "" {
		return l.selected[src]
	}
	return request
}

// stuckDevice is the error of a request for a device that does not let go.
func (l *loop) stuckDevice(src call.Source, request string) error {
	for d := range l.devices {
		if d.stuck() && d.source == src && d.matches(request) {
			return &call.DeviceError{Source: src, Device: d.info.Name, Err: call.ErrDeviceStuck}
		}
	}
	return nil
}

// blame notes who asked for a source's device, and forgives its earlier loss.
func (sl *slot) blame(word string) { sl.word, sl.fellBack = word, false }

func published(src call.Source) bool {
	return src == call.SourceCamera || src == call.SourceMicrophone || src == call.SourceScreen
}

func badSource(c Command, src call.Source) error {
	return fmt.Errorf("%w: %s of %s", call.ErrBadArgument, c.Word(), src)
}

func (l *loop) doStartPreview(c StartPreview) error {
	if c.Source != call.SourceCamera && c.Source != call.SourceMicrophone || c.Device == call.DeviceNone {
		return badSource(c, c.Source)
	}
	if s := l.active(); s != nil && s.joined && s.pubs[c.Source].want {
		return fmt.Errorf("%w: %s is published already", call.ErrBadArgument, c.Source)
	}
	request := l.resolve(c.Source, c.Device)
	if err := l.stuckDevice(c.Source, request); err != nil {
		return err
	}
	sl := l.slots[c.Source]
	sl.preview, sl.previewDevice = true, request
	sl.blame(c.Word())
	l.settle(c.Source)
	return nil
}

func (l *loop) doStopPreview(c StopPreview) error {
	if c.Source != call.SourceCamera && c.Source != call.SourceMicrophone {
		return badSource(c, c.Source)
	}
	if s := l.active(); s != nil && s.joined && s.pubs[c.Source].want {
		return fmt.Errorf("%w: %s is published", call.ErrBadArgument, c.Source)
	}
	l.slots[c.Source].preview = false
	l.settle(c.Source)
	return nil
}

func (l *loop) doSelectDevice(c SelectDevice) error {
	if !published(c.Source) && c.Source != call.SourceSpeaker ||
		c.Device == call.DeviceNone && c.Source != call.SourceSpeaker {
		return badSource(c, c.Source)
	}
	if err := l.stuckDevice(c.Source, c.Device); err != nil {
		return err
	}
	l.selected[c.Source] = c.Device
	sl := l.slots[c.Source]
	sl.blame(c.Word())
	if sl.preview {
		sl.previewDevice = c.Device
	}
	if e := l.wishes(); e != nil && c.Source == call.SourceSpeaker {
		e.speaker = c.Device
	} else if e != nil && e.pubs[c.Source].want {
		e.pubs[c.Source].device, e.pubs[c.Source].broken = c.Device, false
	}
	l.settle(c.Source)
	return nil
}
