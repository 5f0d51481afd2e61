package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"foyer/engine/call"
)

// Devices is a [call.Devices] without hardware: every request opens something,
// named after the request, or "default" with Default set.
type Devices struct {
	Ledger  *Ledger
	OnList  func() ([]call.Device, Step)
	OnOpen  func(call.DeviceRequest) Step // speakers too
	OnClose func(call.Device) Step
	OnHeld  func() Step
	// Size is what captures say about their frames; nil: they do not say.
	Size func(call.DeviceRequest) (width, height, fps int)

	mu   sync.Mutex
	open map[*Handle]struct{}
}

// List answers with OnList's list.
func (d *Devices) List(ctx context.Context) ([]call.Device, error) {
	if d.OnList == nil {
		return nil, nil
	}
	list, step := d.OnList()
	return list, step.take(ctx)
}

// Open opens a camera, screen or microphone.
func (d *Devices) Open(ctx context.Context, req call.DeviceRequest) (call.Capture, error) {
	h, err := d.start(ctx, req)
	if err != nil {
		return nil, err
	}
	switch {
	case req.Source.Kind() == call.KindAudio:
		return &Microphone{Handle: h}, nil
	case d.Size != nil:
		c := &SizedCamera{Camera: Camera{Handle: h}}
		c.width, c.height, c.fps = d.Size(req)
		return c, nil
	default:
		return &Camera{Handle: h}, nil
	}
}

// OpenSpeaker opens a speaker.
func (d *Devices) OpenSpeaker(ctx context.Context, device string) (call.Speaker, error) {
	h, err := d.start(ctx, call.DeviceRequest{Source: call.SourceSpeaker, Device: device})
	if err != nil {
		return nil, err
	}
	return &Speaker{Handle: h}, nil
}

func (d *Devices) start(ctx context.Context, req call.DeviceRequest) (*Handle, error) {
	info := call.Device{Source: req.Source, ID: "id-" + req.Device, Name: req.Device}
	if req.Device == "" {
		info = call.Device{Source: req.Source, ID: "id-default", Name: "default", Default: true}
	}
	entry := d.Ledger.ask("device", req.Source, info.Name)
	stop := context.AfterFunc(ctx, func() { d.Ledger.note(&entry.Cancelled) })
	defer stop()
	failed := true
	defer func() {
		if failed {
			d.Ledger.note(&entry.Closed)
		}
	}()
	if d.OnOpen != nil {
		if err := d.OnOpen(req).take(ctx); err != nil {
			return nil, err
		}
	}
	failed = false
	h := &Handle{devices: d, info: info, entry: entry, lost: make(chan struct{}), closed: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil {
		d.open = make(map[*Handle]struct{})
	}
	for o := range d.open {
		if o.info == info {
			d.Ledger.complain("%s %q opened twice at once", info.Source, info.Name)
		}
	}
	d.open[h] = struct{}{}
	d.Ledger.note(&entry.Opened)
	return h, nil
}

// Held lists what is open, or fails as OnHeld says.
func (d *Devices) Held(ctx context.Context) ([]call.Device, error) {
	if d.OnHeld != nil {
		if err := d.OnHeld().take(ctx); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var held []call.Device
	for h := range d.open {
		held = append(held, h.info)
	}
	slices.SortFunc(held, func(a, b call.Device) int { return int(a.Source) - int(b.Source) })
	return held, nil
}

// Find is the open device of a source, or nil.
func (d *Devices) Find(src call.Source) *Handle {
	d.mu.Lock()
	defer d.mu.Unlock()
	for h := range d.open {
		if h.info.Source == src {
			return h
		}
	}
	return nil
}

// Lose takes the open device of a source away, as an unplugged cable does.
func (d *Devices) Lose(src call.Source) bool {
	h := d.Find(src)
	if h != nil {
		h.lose()
	}
	return h != nil
}

// Handle is an open device.
type Handle struct {
	devices *Devices
	info    call.Device
	entry   *Entry
	once    sync.Once
	lost    chan struct{}
	loss    sync.Once
	closed  chan struct{}
}

// Info names the device.
func (h *Handle) Info() call.Device { return h.info }

// Lost is closed by Lose.
func (h *Handle) Lost() <-chan struct{} { return h.lost }

// LostErr wraps call.ErrDeviceLost after Lose.
func (h *Handle) LostErr() error {
	select {
	case <-h.lost:
		return fmt.Errorf("%w: taken away", call.ErrDeviceLost)
	default:
		return nil
	}
}

func (h *Handle) lose() { h.loss.Do(func() { close(h.lost) }) }

// Close goes as OnClose says. Every call returns when the first one is done.
func (h *Handle) Close() error {
	h.once.Do(func() {
		d := h.devices
		d.Ledger.note(&h.entry.Closing)
		defer func() {
			d.mu.Lock()
			delete(d.open, h)
			d.mu.Unlock()
			d.Ledger.note(&h.entry.Closed)
			close(h.closed)
		}()
		if d.OnClose != nil {
			_ = d.OnClose(h.info).take(context.Background())
		}
	})
	<-h.closed
	return nil
}

// wait is a read that never has anything.
func (h *Handle) wait() error {
	select {
	case <-h.closed:
		return call.ErrClosed
	case <-h.lost:
		return h.LostErr()
	}
}

// Camera is a [call.VideoCapture] that gives no frames.
type Camera struct{ *Handle }

// ReadFrame waits until the device is closed or lost.
func (c *Camera) ReadFrame(*call.VideoFrame) error { return c.wait() }

// SizedCamera is a Camera that knows its size.
type SizedCamera struct {
	Camera
	width, height, fps int
}

// Size is what Devices.Size said.
func (c *SizedCamera) Size() (width, height, fps int) { return c.width, c.height, c.fps }

// Microphone is a [call.AudioCapture] that gives no audio.
type Microphone struct{ *Handle }

// ReadAudio waits until the device is closed or lost.
func (m *Microphone) ReadAudio([]int16) error { return m.wait() }

// Speaker is a [call.Speaker] that asks for no audio.
type Speaker struct{ *Handle }

// Play takes any function and never calls it.
func (s *Speaker) Play(func([]int16)) {}

// Delay is none.
func (s *Speaker) Delay() int { return 0 }
