//go:build linux

// Package coding measures what encoding one's own video and decoding everybody's voices
// take of a core: the media packages alone, without a network, by processor time.
package coding

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/media"
	"foyer/internal/drive/badline"
)

const (
	width, height, fps = 1280, 720, 30
	filmFrames         = 60
	warmUpFrames       = 60
	measuredFrames     = 300

	mostEncode = 0.25 // of a core
)

// cameraLayers are what is sent of a camera of that size.
func cameraLayers() []call.Layer {
	return []call.Layer{
		{Width: width / 4, Height: height / 4, FPS: 20, Bitrate: 160_000},
		{Width: width / 2, Height: height / 2, FPS: 20, Bitrate: 450_000},
		{Width: width, Height: height, FPS: fps, Bitrate: 1_700_000},
	}
}

// Encode measures the three layers of a camera. The film goes as fast as it is encoded, so
// that other programs change nothing but how long that takes.
func Encode(ctx context.Context, b *harness.Bench) error {
	film, err := frames(ctx, b)
	if err != nil {
		return err
	}
	m := media.New(media.Config{Log: engine.SilentLog()})
	defer m.Close()
	track := newSink()
	camera := &camera{film: film, turn: track.begun, closed: make(chan struct{}), at: make(chan int, 1)}
	pump := m.Capture(camera)
	defer pump.Close()
	defer camera.Close()
	pump.Send(track)
	if err := camera.reach(ctx, warmUpFrames); err != nil {
		return err
	}
	used, written := harness.Own(), track.written.Load()
	if err := camera.reach(ctx, warmUpFrames+measuredFrames); err != nil {
		return err
	}
	used, written = harness.Own()-used, track.written.Load()-written
	share := used.Seconds() * fps / measuredFrames
	sent := float64(written) * fps / measuredFrames
	wanted := 0 // frames a second, which are left out where nothing is encoded
	for _, l := range cameraLayers() {
		wanted += l.FPS
	}
	b.Table.Row(fmt.Sprintf("Encode three layers of %dx%d@%d", width, height, fps),
		fmt.Sprintf("%.1f %% of a core, %.0f frames of all layers a second", 100*share, sent),
		fmt.Sprintf("<= %.0f %%", 100*mostEncode), share <= mostEncode && sent >= 0.9*float64(wanted))
	return nil
}

// frames reads a film that costs every layer its whole rate.
func frames(ctx context.Context, b *harness.Bench) (film []call.VideoFrame, err error) {
	name := filepath.Join(b.Foyer.Work, "encode.y4m")
	if err := (badline.Film{Width: width, Height: height, FPS: fps, Frames: filmFrames}).Write(name); err != nil {
		return nil, err
	}
	dev := devices.New(devices.Config{Log: engine.SilentLog()})
	defer func() { err = errors.Join(err, dev.Close()) }()
	c, err := dev.Open(ctx, call.DeviceRequest{Source: call.SourceCamera, Device: name})
	if err != nil {
		return nil, err
	}
	video, is := c.(call.VideoCapture)
	if !is {
		return nil, errors.New("a film gives no frames")
	}
	defer func() { err = errors.Join(err, video.Close()) }()
	film = make([]call.VideoFrame, filmFrames)
	for i := range film {
		if err := video.ReadFrame(&film[i]); err != nil {
			return nil, err
		}
	}
	return film, nil
}

// camera gives the next frame of a film when the one before is being encoded, without a
// copy: what is counted is the pump's work.
type camera struct {
	film   []call.VideoFrame
	turn   <-chan struct{}
	closed chan struct{}
	next   int
	at     chan int // 1 slot: how many were given
}

// reach waits until so many frames were given.
func (c *camera) reach(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	for {
		select {
		case at := <-c.at:
			if at >= n {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("encode %d frames: %w", n, ctx.Err())
		}
	}
}

// ReadFrame implements [call.VideoCapture].
func (c *camera) ReadFrame(dst *call.VideoFrame) error {
	if c.next > 0 {
		select {
		case <-c.turn:
		case <-c.closed:
			return call.ErrClosed
		}
	}
	*dst = c.film[c.next%len(c.film)]
	dst.PTS = time.Duration(c.next) * time.Second / fps
	c.next++
	select {
	case <-c.at:
	default:
	}
	c.at <- c.next
	return nil
}

// Close implements [call.Handle]. It is called once.
func (c *camera) Close() error {
	close(c.closed)
	return nil
}

// Info implements [call.Handle].
func (*camera) Info() call.Device {
	return call.Device{Source: call.SourceCamera, ID: "film", Name: "film"}
}

// Lost implements [call.Handle].
func (*camera) Lost() <-chan struct{} { return nil }

// LostErr implements [call.Handle].
func (*camera) LostErr() error { return nil }

// sink is a track that everybody watches and that goes nowhere.
type sink struct {
	spec    call.TrackSpec
	began   time.Time
	written atomic.Int64
	begun   chan struct{} // 1 slot: a frame is being encoded
}

func newSink() *sink {
	return &sink{spec: call.TrackSpec{Source: call.SourceCamera, Layers: cameraLayers()}, began: time.Now(),
		begun: make(chan struct{}, 1)}
}

// SID implements [call.LocalTrack].
func (*sink) SID() call.SID { return "TR_sink" }

// Spec implements [call.LocalTrack].
func (s *sink) Spec() call.TrackSpec { return s.spec }

// Begin implements [call.LocalTrack].
func (s *sink) Begin() time.Duration { return time.Since(s.began) }

// WriteFrame implements [call.LocalTrack].
func (s *sink) WriteFrame(call.EncodedFrame) error {
	s.written.Add(1)
	return nil
}

// KeyFrames implements [call.LocalTrack]: nobody asks.
func (*sink) KeyFrames() <-chan int { return make(chan int) }

// Wanted implements [call.LocalTrack].
func (*sink) Wanted(int) bool { return true }

// Bitrate implements [call.LocalTrack]. The first layer is asked for first.
func (s *sink) Bitrate(layer int) int {
	if layer == 0 {
		select {
		case s.begun <- struct{}{}:
		default:
		}
	}
	return s.spec.Layers[layer].Bitrate
}
