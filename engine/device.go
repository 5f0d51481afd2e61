package engine

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

// phase is how far a device is.
//
//	opening -> open -> closing -> draining -> gone
//	   '-----------------^  '-> stuck -> gone
type phase int

const (
	phaseOpening  phase = iota
	phaseOpen           // in use
	phaseClosing        // given back, the system does not have it yet
	phaseDraining       // the system has it, its pump has not ended yet
	phaseGone
)

// device is one device from the wish to open it until the system has it back.
type device struct {
	source  call.Source
	request string
	phase   phase
	kept    bool // a preview that the exit under way does not close
	givenUp bool // did not let go in time: reported, and in nobody's way

	cancel context.CancelFunc // of opening
	ended  chan struct{}      // closed when closing begins: ends the watch for loss
	timer  *time.Timer        // bound of the phase

	handle  call.Handle // nil while opening
	info    call.Device
	pump    call.Pump       // nil for a speaker
	sending call.LocalTrack // what the pump encodes into
	shown   bool            // DeviceOpened was reported
	format  format
}

// stuck reports whether the system still waits for a device that was given up.
func (d *device) stuck() bool { return d.givenUp && d.phase == phaseClosing }

// awaited reports whether an exit waits for the device.
func (d *device) awaited() bool { return d.phase >= phaseClosing && !d.givenUp && !d.kept }

// matches reports whether the device is what a request asks for.
func (d *device) matches(request string) bool {
	switch {
	case d.request == request:
		return true
	case d.handle == nil:
		return false
	case request == "":
		return d.info.Default
	default:
		return request == d.info.ID || request == d.info.Name
	}
}

// stopSending stops encoding at once. d may be nil.
func (d *device) stopSending() {
	if d != nil && d.sending != nil {
		d.sending = nil
		d.pump.Send(nil)
	}
}

// open begins to open a device in a worker.
func (l *loop) open(sl *slot, request string) {
	if err := l.stuckDevice(sl.source, request); err != nil {
		l.openFailed(sl, request, err)
		return
	}
	ctx, cancel := context.WithTimeout(l.base, openTimeout)
	d := &device{
		source: sl.source, request: request, cancel: cancel, ended: make(chan struct{}),
		info: call.Device{Source: sl.source, Name: request},
		kept: l.leaving() != nil,
	}
	sl.dev = d
	l.devices[d] = struct{}{}
	d.timer = l.after(d.job(timerOpen), openTimeout+l.cfg.Grace, func() { l.openOverdue(d) })
	devices, req := l.cfg.Devices, deviceRequest(sl.source, request)
	work(l, d.job(opOpen), func() (call.Handle, error) { return openHandle(ctx, devices, req) },
		func(h call.Handle, err error) { l.opened(d, h, err) },
		func(h call.Handle) { _ = h.Close() })
}

// openHandle also keeps typed nils and missing handles away from the loop.
func openHandle(ctx context.Context, devices call.Devices, req call.DeviceRequest) (call.Handle, error) {
	if req.Source == call.SourceSpeaker {
		h, err := devices.OpenSpeaker(ctx, req.Device)
		if err == nil && h == nil {
			err = call.ErrDeviceFailed
		}
		if err != nil {
			return nil, err
		}
		return h, nil
	}
	h, err := devices.Open(ctx, req)
	if err == nil && h == nil {
		err = call.ErrDeviceFailed
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// opened takes what the worker opened, and closes it at once if nobody wants
// it any more.
func (l *loop) opened(d *device, h call.Handle, err error) {
	d.cancel()
	d.handle = h
	switch {
	case err != nil && d.phase == phaseOpening:
		l.forget(d)
		l.openFailed(l.slots[d.source], d.request, err)
	case err != nil:
		l.released(d, nil, time.Now())
	case d.phase != phaseOpening:
		d.info = h.Info()
		l.release(d)
	default:
		l.use(d)
	}
}

// use puts an open device to work.
func (l *loop) use(d *device) {
	d.timer.Stop()
	d.phase, d.info = phaseOpen, d.handle.Info()
	d.format = formatOf(d.source, d.handle)
	if err := l.attach(d); err != nil {
		sl := l.slots[d.source]
		err = call.DeviceErrorOf(call.Device{Source: d.source, Name: d.info.Name}, err)
		l.emit(call.CommandFailed{Command: sl.word, Source: d.source, Err: err})
		l.giveUp(sl)
		l.close(d)
		l.checkPanic(err)
		return
	}
	d.shown = true
	l.emit(call.DeviceOpened{Device: d.info})
	if d.pump != nil {
		started := call.PreviewStarted{Device: d.info, Slot: d.pump.Preview()}
		if d.source.Kind() == call.KindAudio {
			started.Level = d.pump.Level
		}
		l.emit(started)
	}
	l.watch(d)
	l.settle(d.source)
}

// attach gives an open device to media. A panic of media's must not leave the
// device open.
func (l *loop) attach(d *device) error {
	pump, err := guard.Call(func() (call.Pump, error) {
		switch h := d.handle.(type) {
		case call.Speaker:
			l.cfg.Media.SetSpeaker(h)
			return nil, nil
		case call.Capture:
			return l.cfg.Media.Capture(h), nil
		}
		return nil, nil
	})
	d.pump = pump
	return err
}

// watch waits for the device's loss until closing begins.
func (l *loop) watch(d *device) {
	lost, b := d.handle.Lost(), l.inbox
	l.workers.Go(func() {
		select {
		case <-lost:
			b.Put(happened{d.job(noteDeviceGone), func(l *loop) { l.lost(d) }})
		case <-d.ended:
		}
	})
}

// lost replaces an audio device by the default one, once, and mutes a camera.
// The stay goes on.
func (l *loop) lost(d *device) {
	if d.phase != phaseOpen {
		return
	}
	err := d.handle.LostErr()
	if err == nil {
		err = call.ErrDeviceLost
	}
	l.emit(call.DeviceLost{Device: d.info, Err: call.DeviceErrorOf(call.Device{Source: d.source, Name: d.info.Name}, err)})
	sl := l.slots[d.source]
	if fallsBack(d) && !sl.fellBack {
		sl.fellBack, sl.word = true, SelectDevice{}.Word()
		l.wishDefault(sl)
	} else {
		l.giveUp(sl)
	}
	l.close(d)
	l.settle(d.source)
}

// fallsBack reports whether the default device may take the place of d: never
// that of a file or a tone, whose user did not ask for a live microphone.
func fallsBack(d *device) bool {
	file := strings.ContainsAny(d.request, `/\`) || strings.EqualFold(filepath.Ext(d.request), ".wav")
	return d.source.Kind() == call.KindAudio && d.request != call.DeviceTest && !file
}

func (l *loop) wishDefault(sl *slot) {
	delete(l.selected, sl.source)
	sl.previewDevice = ""
	if e := l.wishes(); e != nil && sl.source == call.SourceSpeaker {
		e.speaker = ""
	} else if e != nil {
		e.pubs[sl.source].device = ""
	}
}

// giveUp takes back the wishes that the source's device cannot fulfil: what is
// published stays published and is muted, a screen is taken away.
func (l *loop) giveUp(sl *slot) {
	sl.preview = false
	e := l.wishes()
	if e == nil {
		return
	}
	if sl.source == call.SourceSpeaker {
		e.speaker = call.DeviceNone
		return
	}
	if p := e.pubs[sl.source]; p.track != nil && sl.source != call.SourceScreen {
		p.muted, p.broken = true, true
	} else {
		p.want = false
	}
}

// openFailed reports a device that did not open, and takes its wish back.
func (l *loop) openFailed(sl *slot, request string, err error) {
	if l.wished(sl.source).open {
		err := call.DeviceErrorOf(call.Device{Source: sl.source, Name: request}, err)
		l.emit(call.CommandFailed{Command: sl.word, Source: sl.source, Err: err})
	}
	if s := l.stay; s != nil && !s.joined && sl.preview && sl.source != call.SourceSpeaker &&
		s.pubs[sl.source].device != sl.previewDevice {
		sl.preview = false // the join's own choice is another device
	} else {
		l.giveUp(sl)
	}
	l.settle(sl.source)
	l.checkLeft()
	l.checkEnd()
}

// openOverdue abandons an opening that did not even heed its context.
func (l *loop) openOverdue(d *device) {
	if d.phase != phaseOpening {
		return
	}
	d.phase = phaseClosing
	d.cancel()
	close(d.ended)
	l.markStuck(d)
	stuck := &call.DeviceError{Source: d.source, Device: d.request, Err: call.ErrDeviceStuck}
	l.openFailed(l.slots[d.source], d.request, stuck)
}

// close begins to give a device back. Sending stops before anything is waited
// for.
func (l *loop) close(d *device) {
	if d.phase >= phaseClosing {
		return
	}
	d.phase = phaseClosing
	d.cancel()
	close(d.ended)
	d.timer.Stop()
	d.timer = l.after(d.job(timerClose), l.cfg.Grace, func() { l.overdue(d) })
	if d.handle == nil {
		return // still opening: the release begins when it comes
	}
	l.guard(d.stopSending)
	if d.source == call.SourceSpeaker && d.shown {
		l.guard(func() { l.cfg.Media.SetSpeaker(nil) })
	}
	l.release(d)
}

// release closes the handle and then the pump, in workers. The time counts
// until the handle's Close has returned.
func (l *loop) release(d *device) {
	handle, pump := d.handle, d.pump
	type closed struct {
		at  time.Time
		err error
	}
	work(l, d.job(opClose), func() (closed, error) {
		err := handle.Close()
		return closed{at: time.Now(), err: err}, nil
	}, func(c closed, panicked error) {
		if panicked != nil {
			c = closed{at: time.Now(), err: panicked}
		}
		l.released(d, c.err, c.at)
		if pump != nil {
			do(l, d.job(opDrain), func() error { pump.Close(); return nil }, func(error) { l.drained(d) })
		}
	}, func(closed) {
		if pump != nil {
			pump.Close()
		}
	})
}

// released notes that the system has the device back.
func (l *loop) released(d *device, err error, at time.Time) {
	if err != nil {
		l.log.WithError(err).WithField("source", d.source).Warn("closing device")
	}
	if d.shown || d.givenUp {
		l.emit(call.DeviceClosed{Device: d.info})
	}
	if d.givenUp {
		l.stopPreview(d) // not when it has drained: the device may be open again by then
	}
	if s := l.leaving(); s != nil && d.handle != nil && !d.kept {
		s.exit.released = append(s.exit.released, call.Release{
			Source: d.source, Device: d.info.Name, Took: max(0, at.Sub(s.exit.began)),
		})
	}
	d.phase = phaseDraining
	if d.pump == nil {
		l.drained(d)
	}
}

// stopPreview reports the end of what PreviewStarted began.
func (l *loop) stopPreview(d *device) {
	if d.pump != nil && d.shown {
		l.emit(call.PreviewStopped{Device: d.info})
	}
	d.shown = false
}

// drained notes that nothing reads the device any more.
func (l *loop) drained(d *device) {
	if d.phase != phaseDraining {
		return
	}
	l.stopPreview(d)
	l.forget(d)
	l.settle(d.source)
	l.checkLeft()
	l.checkEnd()
}

func (l *loop) forget(d *device) {
	d.phase = phaseGone
	d.timer.Stop()
	delete(l.devices, d)
	if sl := l.slots[d.source]; sl.dev == d {
		sl.dev = nil
	}
}

// overdue gives up waiting for a device that is closing. It is stuck until its
// Close returns; the source may open another one.
func (l *loop) overdue(d *device) {
	switch {
	case d.phase == phaseDraining:
		l.log.WithField("source", d.source).Warn("pump does not end")
		l.drained(d)
		return
	case d.phase != phaseClosing || d.givenUp:
		return
	}
	l.markStuck(d)
	if l.leaving() == nil {
		l.emit(call.CommandFailed{
			Command: l.slots[d.source].word, Source: d.source,
			Err: &call.DeviceError{Source: d.source, Device: d.info.Name, Err: call.ErrDeviceStuck},
		})
	}
	l.settle(d.source)
	l.checkLeft()
	l.checkEnd()
}

// markStuck takes a device out of everybody's way.
func (l *loop) markStuck(d *device) {
	d.givenUp = true
	if sl := l.slots[d.source]; sl.dev == d {
		sl.dev = nil
	}
	l.log.WithField("source", d.source).Warn("device does not let go")
}

// listDevices answers with DevicesChanged. Wishes that come meanwhile share one
// further list.
func (l *loop) listDevices() {
	if l.listing {
		l.listAgain = true
		return
	}
	l.listing = true
	devices, base := l.cfg.Devices, l.base
	work(l, job{op: opList}, func() ([]call.Device, error) {
		ctx, cancel := context.WithTimeout(base, listTimeout)
		defer cancel()
		return devices.List(ctx)
	}, func(list []call.Device, err error) {
		l.listing = false
		if err != nil {
			l.emit(call.CommandFailed{Command: RefreshDevices{}.Word(), Err: err})
		} else {
			l.emit(call.DevicesChanged{Devices: list})
		}
		if l.listAgain && !l.quitting {
			l.listAgain = false
			l.listDevices()
		}
	}, nil)
}
