//go:build linux

package tracks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
)

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
	return fmt.Sprintf("%d read, %d missed (and %d between the switches), %d not shown, longest pause %.0f ms, "+
		"camera opened %d times", p.read, p.missed, p.resting, p.unshown, p.pause.Seconds()*1000, p.opened)
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

// moves is told whether a switch is under way.
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
