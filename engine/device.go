package engine

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/layers"
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
	timer  *time.Timer        // timeout of the phase

	handle  call.Handle // nil while opening
	info    call.Device
	pump    call.Pump       // nil for a speaker
	sending call.LocalTrack // what the pump encodes into
	shown   bool            // DeviceOpened was reported
	format  layers.Format
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
func (dt *deviceTable) open(sl *slot, request string) {
	if err := dt.stuck(sl.source, request); err != nil {
		dt.openFailed(sl, request, err)
		return
	}
	ctx, cancel := context.WithTimeout(dt.l.base, openTimeout)
	d := &device{
		source: sl.source, request: request, cancel: cancel, ended: make(chan struct{}),
		info: call.Device{Source: sl.source, Name: request},
		kept: dt.l.leaving() != nil,
	}
	sl.dev = d
	dt.all[d] = struct{}{}
	d.timer = dt.l.after(d.job(timerOpen), openTimeout+dt.l.cfg.Grace, func() { dt.openOverdue(d) })
	devices, req := dt.l.cfg.Devices, layers.Request(sl.source, request)
	work(dt.l, d.job(opOpen), func() (call.Handle, error) { return openHandle(ctx, devices, req) },
		func(h call.Handle, err error) { dt.opened(d, h, err) },
		func(h call.Handle) { _ = h.Close() })
}

// openHandle opens any kind of device.
func openHandle(ctx context.Context, devices call.Devices, req call.DeviceRequest) (call.Handle, error) {
	if req.Source == call.SourceSpeaker {
		return handleOf(devices.OpenSpeaker(ctx, req.Device))
	}
	return handleOf(devices.Open(ctx, req))
}

// handleOf keeps typed nils and missing handles away from the loop.
func handleOf[H interface {
	comparable
	call.Handle
}](h H, err error) (call.Handle, error) {
	var none H
	if err == nil && h == none {
		err = call.ErrDeviceFailed
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// opened takes what the worker opened, and closes it at once if nobody wants
// it any more.
func (dt *deviceTable) opened(d *device, h call.Handle, err error) {
	d.cancel()
	d.handle = h
	switch {
	case err != nil && d.phase == phaseOpening:
		dt.forget(d)
		dt.openFailed(dt.slots[d.source], d.request, err)
	case err != nil:
		dt.released(d, nil, time.Now())
	case d.phase != phaseOpening:
		d.info = h.Info()
		dt.release(d)
	default:
		dt.use(d)
	}
}

// use puts an open device to work.
func (dt *deviceTable) use(d *device) {
	d.timer.Stop()
	d.phase, d.info = phaseOpen, d.handle.Info()
	d.format = layers.Of(d.source, d.handle)
	if err := dt.attach(d); err != nil {
		sl := dt.slots[d.source]
		err = call.DeviceErrorOf(call.Device{Source: d.source, Name: d.info.Name}, err)
		dt.failTest(d.source, err)
		if dt.wished(d.source).open {
			dt.l.emit(call.CommandFailed{Command: sl.word, Source: d.source, Err: err})
		}
		dt.giveUp(sl)
		dt.close(d)
		dt.l.checkPanic(err)
		return
	}
	d.shown = true
	dt.l.emit(call.DeviceOpened{Device: d.info})
	if d.pump != nil {
		started := call.PreviewStarted{Device: d.info, Slot: d.pump.Preview()}
		if d.source.Kind() == call.KindAudio {
			started.Level, started.Voice = d.pump.Level, d.pump.Voice
		}
		dt.l.emit(started)
	}
	dt.watch(d)
	dt.settle(d.source)
	dt.stepTest()
}

// attach gives an open device to media. A panic of media's must not leave the
// device open.
func (dt *deviceTable) attach(d *device) error {
	pump, err := guard.Call(func() (call.Pump, error) {
		switch h := d.handle.(type) {
		case call.Speaker:
			dt.l.cfg.Media.SetSpeaker(h)
			return nil, nil
		case call.Capture:
			return dt.l.cfg.Media.Capture(h), nil
		}
		return nil, nil
	})
	d.pump = pump
	return err
}

// watch waits for the device's loss until closing begins.
func (dt *deviceTable) watch(d *device) {
	lost, b := d.handle.Lost(), dt.l.inbox
	dt.l.workers.Go(func() {
		select {
		case <-lost:
			b.Put(happened{d.job(noteDeviceGone), func(l *loop) { l.devices.lost(d) }})
		case <-d.ended:
		}
	})
}

// lost replaces an audio device by the default one, once, and mutes a camera.
// The stay goes on.
func (dt *deviceTable) lost(d *device) {
	if d.phase != phaseOpen {
		return
	}
	err := d.handle.LostErr()
	if err == nil {
		err = call.ErrDeviceLost
	}
	err = call.DeviceErrorOf(call.Device{Source: d.source, Name: d.info.Name}, err)
	dt.l.emit(call.DeviceLost{Device: d.info, Err: err})
	dt.failTest(d.source, err)
	sl := dt.slots[d.source]
	if fallsBack(d) && !sl.fellBack {
		sl.fellBack, sl.word = true, SelectDevice{}.Word()
		dt.wishDefault(sl)
	} else {
		dt.giveUp(sl)
	}
	dt.close(d)
	dt.settle(d.source)
}

// fallsBack reports whether the default device may take the place of d: never
// that of a file or a tone, whose user did not ask for a live microphone.
func fallsBack(d *device) bool {
	file := strings.ContainsAny(d.request, `/\`) || strings.EqualFold(filepath.Ext(d.request), ".wav")
	return d.source.Kind() == call.KindAudio && d.request != call.DeviceTest && !file
}

func (dt *deviceTable) wishDefault(sl *slot) {
	delete(dt.selected, sl.source)
	sl.previewDevice = ""
	if e := dt.l.wishes(); e != nil && sl.source == call.SourceSpeaker {
		e.speaker = ""
	} else if e != nil {
		e.pubs[sl.source].device = ""
	}
}

// giveUp takes back the wishes that the source's device cannot fulfil: what is
// published stays published and is muted, a screen is taken away.
func (dt *deviceTable) giveUp(sl *slot) {
	sl.preview = false
	e := dt.l.wishes()
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
func (dt *deviceTable) openFailed(sl *slot, request string, err error) {
	dt.failTest(sl.source, call.DeviceErrorOf(call.Device{Source: sl.source, Name: request}, err))
	if dt.wished(sl.source).open {
		err := call.DeviceErrorOf(call.Device{Source: sl.source, Name: request}, err)
		dt.l.emit(call.CommandFailed{Command: sl.word, Source: sl.source, Err: err})
	}
	if s := dt.l.stay; s != nil && !s.joined && sl.preview && sl.source != call.SourceSpeaker &&
		s.pubs[sl.source].device != sl.previewDevice {
		sl.preview = false // the join's own choice is another device
	} else {
		dt.giveUp(sl)
	}
	dt.settle(sl.source)
	dt.l.checkLeft()
	dt.l.checkEnd()
}

// openOverdue abandons an opening that did not even heed its context.
func (dt *deviceTable) openOverdue(d *device) {
	if d.phase != phaseOpening {
		return
	}
	d.phase = phaseClosing
	d.cancel()
	close(d.ended)
	dt.markStuck(d)
	stuck := &call.DeviceError{Source: d.source, Device: d.request, Err: call.ErrDeviceStuck}
	dt.openFailed(dt.slots[d.source], d.request, stuck)
}

// close begins to give a device back. Sending stops before anything is waited
// for.
func (dt *deviceTable) close(d *device) {
	if d.phase >= phaseClosing {
		return
	}
	d.phase = phaseClosing
	d.cancel()
	close(d.ended)
	d.timer.Stop()
	d.timer = dt.l.after(d.job(timerClose), dt.l.cfg.Grace, func() { dt.overdue(d) })
	if d.handle == nil {
		return // still opening: the release begins when it comes
	}
	dt.l.guard(d.stopSending)
	if d.source == call.SourceSpeaker && d.shown {
		dt.l.guard(func() { dt.l.cfg.Media.SetSpeaker(nil) })
	}
	dt.release(d)
}

// release closes the handle and then the pump, in workers. The time counts
// until the handle's Close has returned.
func (dt *deviceTable) release(d *device) {
	handle, pump := d.handle, d.pump
	type closed struct {
		at  time.Time
		err error
	}
	work(dt.l, d.job(opClose), func() (closed, error) {
		err := handle.Close()
		return closed{at: time.Now(), err: err}, nil
	}, func(c closed, panicked error) {
		if panicked != nil {
			c = closed{at: time.Now(), err: panicked}
		}
		dt.released(d, c.err, c.at)
		if pump != nil {
			do(dt.l, d.job(opDrain), func() error { pump.Close(); return nil }, func(error) { dt.drained(d) })
		}
	}, func(closed) {
		if pump != nil {
			pump.Close()
		}
	})
}

// released notes that the system has the device back.
func (dt *deviceTable) released(d *device, err error, at time.Time) {
	if err != nil {
		dt.l.log.WithError(err).WithField("source", d.source).Warn("closing device")
	}
	if d.shown || d.givenUp {
		dt.l.emit(call.DeviceClosed{Device: d.info})
	}
	if d.givenUp {
		dt.stopPreview(d) // not when it has drained: the device may be open again by then
	}
	if s := dt.l.leaving(); s != nil && d.handle != nil && !d.kept {
		s.exit.released = append(s.exit.released, call.Release{
			Source: d.source, Device: d.info.Name, Took: max(0, at.Sub(s.exit.began)),
		})
	}
	d.phase = phaseDraining
	if d.pump == nil {
		dt.drained(d)
	}
}

// stopPreview reports the end of what PreviewStarted began.
func (dt *deviceTable) stopPreview(d *device) {
	if d.pump != nil && d.shown {
		dt.l.emit(call.PreviewStopped{Device: d.info})
	}
	d.shown = false
}

// drained notes that nothing reads the device any more.
func (dt *deviceTable) drained(d *device) {
	if d.phase != phaseDraining {
		return
	}
	dt.stopPreview(d)
	dt.forget(d)
	dt.settle(d.source)
	dt.l.checkLeft()
	dt.l.checkEnd()
}

func (dt *deviceTable) forget(d *device) {
	d.phase = phaseGone
	d.timer.Stop()
	delete(dt.all, d)
	if sl := dt.slots[d.source]; sl.dev == d {
		sl.dev = nil
	}
}

// overdue gives up waiting for a device that is closing. It is stuck until its
// Close returns; the source may open another one.
func (dt *deviceTable) overdue(d *device) {
	switch {
	case d.phase == phaseDraining:
		dt.l.log.WithField("source", d.source).Warn("pump does not end")
		dt.drained(d)
		return
	case d.phase != phaseClosing || d.givenUp:
		return
	}
	dt.markStuck(d)
	if dt.l.leaving() == nil {
		dt.l.emit(call.CommandFailed{
			Command: dt.slots[d.source].word, Source: d.source,
			Err: &call.DeviceError{Source: d.source, Device: d.info.Name, Err: call.ErrDeviceStuck},
		})
	}
	dt.settle(d.source)
	dt.l.checkLeft()
	dt.l.checkEnd()
}

// markStuck takes a device out of everybody's way.
func (dt *deviceTable) markStuck(d *device) {
	d.givenUp = true
	if sl := dt.slots[d.source]; sl.dev == d {
		sl.dev = nil
	}
	dt.l.log.WithField("source", d.source).Warn("device does not let go")
}

// list answers with DevicesChanged. Wishes that come meanwhile share one
// further list.
func (dt *deviceTable) list() {
	if dt.listing {
		dt.listAgain = true
		return
	}
	dt.listing = true
	devices, base := dt.l.cfg.Devices, dt.l.base
	work(dt.l, job{op: opList}, func() ([]call.Device, error) {
		ctx, cancel := context.WithTimeout(base, listTimeout)
		defer cancel()
		return devices.List(ctx)
	}, func(list []call.Device, err error) {
		dt.listing = false
		if err != nil {
			dt.l.emit(call.CommandFailed{Command: RefreshDevices{}.Word(), Err: err})
		} else {
			dt.l.emit(call.DevicesChanged{Devices: list})
		}
		if dt.listAgain && !dt.l.quitting {
			dt.listAgain = false
			dt.list()
		}
	}, nil)
}
