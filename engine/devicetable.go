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

// deviceTable opens and closes devices, so that each source has the one that the
// stay and the previews wish for.
type deviceTable struct {
	l        *loop
	slots    map[call.Source]*slot
	all      map[*device]struct{} // every device that the system does not have back
	selected map[call.Source]string
	test     *deviceTest // nil: no device is tested

	listing, listAgain bool
}

func newDeviceTable(l *loop) deviceTable {
	dt := deviceTable{
		l:        l,
		slots:    make(map[call.Source]*slot),
		all:      make(map[*device]struct{}),
		selected: make(map[call.Source]string),
	}
	for _, src := range sources {
		dt.slots[src] = &slot{source: src}
	}
	return dt
}

// wish is what a slot's device should be.
type wish struct {
	device string // a request
	open   bool
}

// wished derives what the device of src should be from the stay, the preview and
// the test.
func (dt *deviceTable) wished(src call.Source) wish {
	w := dt.wishedUntested(src)
	if request, needed := dt.test.wishes(src); needed && !w.open {
		return wish{device: request, open: true}
	}
	return w
}

// wishedUntested is wished without the test. The first case that applies decides.
func (dt *deviceTable) wishedUntested(src call.Source) wish {
	sl, s := dt.slots[src], dt.l.stay
	preview := wish{device: sl.previewDevice, open: sl.preview}
	switch {
	case dt.l.quitting:
		return wish{}
	case s == nil:
		return preview
	case s.exit != nil && s.exit.keepsDevices():
		// A switch: the next stay takes the devices over while they run.
		return s.exit.next.wished(src, preview)
	case s.exit != nil:
		// Everything closes before the end is told, unless a join was cancelled: then you
		// are back in the lobby.
		preview.open = preview.open && s.exit.keepPreview
		return preview
	case !s.joined && (s.choice.Previewed || s.waits()):
		// Nothing opens that its user does not see, in the lobby and while a host decides.
		return preview
	case !s.back.Empty() && !s.joined:
		// The second half of a switch: what ran in the last room goes on.
		return s.wished(src, preview)
	case !s.joined && preview.open && src != call.SourceSpeaker:
		// The lobby's preview stays until the stay begins: joining may fail.
		return preview
	}
	return s.wished(src, preview)
}

// wished is the device that an attempt shows or plays with, or the preview's.
func (e *attempt) wished(src call.Source, preview wish) wish {
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
func (dt *deviceTable) settle(src call.Source) {
	dt.settleDevice(dt.slots[src])
	if s := dt.l.active(); s != nil && src != call.SourceSpeaker {
		dt.l.publications.settle(s, s.pubs[src])
	}
}

func (dt *deviceTable) settleDevice(sl *slot) {
	w, d := dt.wished(sl.source), sl.dev
	switch {
	case d == nil && w.open:
		dt.open(sl, w.device)
	case d != nil && d.phase < phaseClosing && !(w.open && d.matches(w.device)):
		dt.close(d)
	}
}

// working is the device of src that works, or nil.
func (dt *deviceTable) working(src call.Source) *device {
	if d := dt.slots[src].dev; d != nil && d.phase == phaseOpen {
		return d
	}
	return nil
}

// resolve turns the empty request into what was selected for the source.
func (dt *deviceTable) resolve(src call.Source, request string) string {
	if request == "" {
		return dt.selected[src]
	}
	return request
}

// stuck is the error of a request for a device that does not let go.
func (dt *deviceTable) stuck(src call.Source, request string) error {
	for d := range dt.all {
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

// occupies reports whether the stay itself uses a source's device: a camera that is
// muted is free, and may be looked at meanwhile.
func (s *stay) occupies(src call.Source) bool {
	p := s.pubs[src]
	return p.want && !(p.muted && src.Kind() == call.KindVideo)
}

// previewed reports whether a source can be shown to ourselves: a screen only in
// a room, where somebody chooses what to share.
func (dt *deviceTable) previewed(src call.Source) bool {
	switch src {
	case call.SourceCamera, call.SourceMicrophone:
		return true
	case call.SourceScreen:
		s := dt.l.active()
		return s != nil && s.joined
	default:
		return false
	}
}

func (dt *deviceTable) doStartPreview(c StartPreview) error {
	if !dt.previewed(c.Source) || c.Device == call.DeviceNone {
		return badSource(c, c.Source)
	}
	if s := dt.l.active(); s != nil && s.joined && s.occupies(c.Source) {
		return fmt.Errorf("%w: %s is published already", call.ErrBadArgument, c.Source)
	}
	if s := dt.l.leaving(); s != nil && !s.exit.keepPreview {
		return fmt.Errorf("%w: a preview while a stay ends", call.ErrBadArgument)
	}
	request := dt.resolve(c.Source, c.Device)
	if err := dt.stuck(c.Source, request); err != nil {
		return err
	}
	sl := dt.slots[c.Source]
	sl.preview, sl.previewDevice = true, request
	sl.blame(c.Word())
	dt.settle(c.Source)
	return nil
}

func (dt *deviceTable) doStopPreview(c StopPreview) error {
	if !dt.previewed(c.Source) {
		return badSource(c, c.Source)
	}
	if s := dt.l.active(); s != nil && s.joined && s.occupies(c.Source) {
		return fmt.Errorf("%w: %s is published", call.ErrBadArgument, c.Source)
	}
	dt.slots[c.Source].preview = false
	dt.settle(c.Source)
	return nil
}

func (dt *deviceTable) doSelectDevice(c SelectDevice) error {
	if !published(c.Source) && c.Source != call.SourceSpeaker ||
		c.Device == call.DeviceNone && c.Source != call.SourceSpeaker {
		return badSource(c, c.Source)
	}
	if err := dt.stuck(c.Source, c.Device); err != nil {
		return err
	}
	if dt.test != nil && dt.test.waitsFor() == c.Source {
		dt.endTest(nil)
	}
	dt.selected[c.Source] = c.Device
	sl := dt.slots[c.Source]
	sl.blame(c.Word())
	if sl.preview {
		sl.previewDevice = c.Device
	}
	if e := dt.l.chosen(); e != nil && c.Source == call.SourceSpeaker {
		e.speaker = c.Device
	} else if e != nil && e.pubs[c.Source].want {
		e.pubs[c.Source].device, e.pubs[c.Source].broken = c.Device, false
	}
	dt.settle(c.Source)
	return nil
}
