package devices

import (
	"math"
	"time"

	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
	"foyer/engine/internal/pause"
)

// testDevice names what stands in for hardware.
func testDevice(s call.Source) call.Device {
	return call.Device{Source: s, ID: call.DeviceTest, Name: call.DeviceTest}
}

// testCamera shows the frame of package testpicture.
type testCamera struct {
	painter *testpicture.Painter
	pace    pace
}

func newTestCamera(w Want) *testCamera {
	return &testCamera{
		painter: testpicture.NewPainter(w.Width, w.Height),
		pace:    newPace(time.Second / time.Duration(w.FPS)),
	}
}

func (c *testCamera) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	n, err := c.pace.wait(stop)
	if err != nil {
		return err
	}
	c.painter.Draw(dst, n)
	return nil
}

func (c *testCamera) Close() error { return nil }

// pace gives out the numbers of frames at their times. A late reader gets the
// number that is due, so that numbers follow the clock.
type pace struct {
	every time.Duration
	began time.Time
	next  int
}

func newPace(every time.Duration) pace { return pace{every: every, began: time.Now()} }

// wait returns the number of the next frame when its time has come.
func (p *pace) wait(stop <-chan struct{}) (int, error) {
	due := int(time.Since(p.began) / p.every)
	if due > p.next {
		p.next = due
	}
	n := p.next
	p.next++
	if !pause.Unless(stop, time.Until(p.began.Add(time.Duration(n)*p.every))) {
		return n, ErrStopped
	}
	return n, nil
}

// The test tone: easily told from speech by ear and by spectrum.
const (
	toneHz, beepHz       = 440, 880
	toneLevel, beepLevel = 3277, 6554 // -20 and -14 dBFS
	beepLength           = call.SampleRate / 10
)

// testTone hums, and beeps at the beginning of every second.
type testTone struct{ n int }

func (t *testTone) channels() int { return 1 }

func (t *testTone) fill(dst []int16) error {
	for i := range dst {
		at := float64(t.n) / call.SampleRate
		v := toneLevel * math.Sin(2*math.Pi*toneHz*at)
		if t.n < beepLength {
			// Faded in and out, or it would click.
			v += beepLevel * math.Sin(2*math.Pi*beepHz*at) * math.Sin(math.Pi*float64(t.n)/beepLength)
		}
		dst[i] = int16(v)
		// Both tones fit a second a whole number of times.
		t.n = (t.n + 1) % call.SampleRate
	}
	return nil
}

func (t *testTone) close() error { return nil }
