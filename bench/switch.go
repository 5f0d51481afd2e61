//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/devices/testpicture"
	"foyer/engine/eventqueue"
	"foyer/internal/drive"
)

const (
	leastSwitches = 30
	settling      = 500 * time.Millisecond // that still belong to a switch
	previewWidth  = 320                    // pixels of our own frame on the screen
	previewHeight = 180
)

// switches measures how soon the new room's frame is there when somebody goes
// from room to room with a camera, and whether their own frame misses any. The
// engine runs in this process, because only there each frame can be counted.
func (b *bench) switches(ctx context.Context) (err error) {
	r, err := b.room(ctx, "first")
	if err != nil {
		return err
	}
	defer r.close()
	text, err := r.server.Invite(ctx, "second")
	if err != nil {
		return err
	}
	var links []call.Link
	for _, l := range []string{r.link, text} {
		p, err := newPublishers()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		if err := p.grow(ctx, l, 1); err != nil {
			return err
		}
		link, err := call.ParseLink(l)
		if err != nil {
			return err
		}
		links = append(links, link)
	}
	w, err := newWanderer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	return b.wander(ctx, w, links)
}

func (b *bench) wander(ctx context.Context, w *wanderer, links []call.Link) error {
	if _, err := w.arrive(ctx, engine.Join{
		Link: links[0], Name: "Wanderer", Identity: "wanderer",
		Devices: engine.Choice{Camera: call.DeviceTest, Microphone: call.DeviceNone, Speaker: call.DeviceNone},
	}); err != nil {
		return err
	}
	if err := w.preview(ctx); err != nil {
		return err
	}
	w.camera.begin()
	var seen times
	rounds := max(leastSwitches, min(50, b.rounds))
	for i := range rounds {
		if err := pause(ctx, apart); err != nil {
			return err
		}
		start := time.Now()
		w.camera.moves(true)
		at, err := w.arrive(ctx, engine.SwitchRoom{Link: links[(i+1)%2]})
		if err != nil {
			return fmt.Errorf("switch %d: %w", i, err)
		}
		seen.add(at.Sub(start))
		if err := pause(ctx, settling); err != nil {
			return err
		}
		w.camera.moves(false)
	}
	got := w.camera.end()
	b.table.row("Switch -> first frame of the new room", seen.String(), "p95 <= 500 ms", seen.at(.95) <= 500)
	b.table.row(fmt.Sprintf("Own video during %d switches", rounds), got.String(), "0 missing, camera opened once", got.whole())
	return nil
}

// wanderer is a station with a camera whose frames are counted.
type wanderer struct {
	*station
	camera *countedDevices
}

func newWanderer() (*wanderer, error) {
	w := &wanderer{camera: new(countedDevices)}
	var err error
	w.station, err = newStation(devices.Drivers{}, func(d call.Devices) call.Devices {
		w.camera.Devices = d
		return w.camera
	})
	return w, err
}

// arrive goes to a room and returns when its first remote frame could be
// painted.
func (w *wanderer) arrive(ctx context.Context, cmd engine.Command) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w.take() // what was before
	if err := w.Do(cmd); err != nil {
		return time.Time{}, err
	}
	joined := false
	for {
		select {
		case <-w.Events().Ready():
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
		for _, e := range w.take() {
			switch e := e.Event.(type) {
			case call.Joined:
				joined = true
			case call.CommandFailed:
				return time.Time{}, e.Err
			case call.Left:
				if e.Reason != call.ReasonSwitched {
					return time.Time{}, fmt.Errorf("left: %v", e.Reason)
				}
			case call.TrackSubscribed:
				if joined && e.Slot != nil {
					return painted(ctx, e.Slot)
				}
			default:
			}
		}
	}
}

// take takes the events, and shows our own frame.
func (w *wanderer) take() []eventqueue.Stamped {
	events, _ := w.Events().Take()
	for _, e := range events {
		if p, is := e.Event.(call.PreviewStarted); is && p.Slot != nil {
			p.Slot.SetView(call.View{Width: previewWidth, Height: previewHeight})
			w.camera.shownIn(p.Slot)
		}
	}
	return events
}

// preview waits until our own frame is shown.
func (w *wanderer) preview(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return drive.Until(ctx, func() bool {
		w.take()
		return w.camera.showing()
	})
}

// painted waits for the first frame of a slot.
func painted(ctx context.Context, slot *call.FrameSlot) (time.Time, error) {
	slot.SetView(call.View{Width: tileWidth, Height: tileHeight})
	for {
		if img, _ := slot.Latest(); img != nil {
			return time.Now(), nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}

// ownFrames is what became of the frames of our camera.
type ownFrames struct {
	opened  int // times that the camera was
	read    int
	missed  int // frames that the camera gave out and nobody read, during switches
	resting int // the same between them: what the machine itself is too slow for
	unshown int // frames that were read and not put before the eyes
	pause   time.Duration
}

func (p ownFrames) whole() bool { return p.opened == 1 && p.read > 0 && p.missed+p.unshown == 0 }

func (p ownFrames) String() string {
	return fmt.Sprintf("%d read, %d missed (and %d between the switches), %d not shown, longest pause %.0f ms, camera opened %d times",
		p.read, p.missed, p.resting, p.unshown, p.pause.Seconds()*1000, p.opened)
}

// countedDevices counts every frame that is read of the camera, and whether it
// came into the preview: each one changes that once, before the next is read.
type countedDevices struct {
	call.Devices

	mu       sync.Mutex
	slot     *call.FrameSlot
	counting bool
	moving   bool // a switch is under way
	number   int  // of the last frame
	at       time.Time
	seq      uint64 // of the preview, before it came there
	ownFrames
}

func (d *countedDevices) shownIn(slot *call.FrameSlot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slot = slot
}

func (d *countedDevices) showing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slot != nil && d.slot.Seq() > 0
}

// begin counts from here on.
func (d *countedDevices) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counting, d.ownFrames = true, ownFrames{opened: d.opened}
}

// moves says whether a switch is under way.
func (d *countedDevices) moves(now bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moving = now
}

func (d *countedDevices) end() ownFrames {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counting = false
	return d.ownFrames
}

// Open implements [call.Devices].
func (d *countedDevices) Open(ctx context.Context, req call.DeviceRequest) (call.Capture, error) {
	c, err := d.Devices.Open(ctx, req)
	v, is := c.(call.VideoCapture)
	if err != nil || !is {
		return c, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened++
	return &countedCamera{v, d}, nil
}

// countedCamera is an open camera.
type countedCamera struct {
	call.VideoCapture
	of *countedDevices
}

// Size implements [call.Sized].
func (c *countedCamera) Size() (width, height, fps int) {
	if s, is := c.VideoCapture.(call.Sized); is {
		return s.Size()
	}
	return 0, 0, 0
}

// ReadFrame implements [call.VideoCapture].
func (c *countedCamera) ReadFrame(dst *call.VideoFrame) error {
	c.of.before()
	err := c.VideoCapture.ReadFrame(dst)
	if err == nil {
		c.of.after(dst)
	}
	return err
}

// before looks whether the last frame has come into the preview.
func (d *countedDevices) before() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slot == nil {
		return
	}
	seq := d.slot.Seq()
	if d.counting && d.read > 0 && seq != d.seq+1 {
		d.unshown++
	}
	d.seq = seq
}

// after looks whether it is the frame after the last one.
func (d *countedDevices) after(f *call.VideoFrame) {
	number, ok := testpicture.Read(f)
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counting {
		if d.read++; d.read > 1 {
			d.pause = max(d.pause, now.Sub(d.at))
			d.miss(int(uint16(number - d.number - 1))) // numbers are of 16 bits
		}
		if !ok {
			d.miss(1)
		}
	}
	d.number, d.at = number, now
}

func (d *countedDevices) miss(n int) {
	if d.moving {
		d.missed += n
	} else {
		d.resting += n
	}
}
