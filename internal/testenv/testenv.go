//go:build unix

// Package testenv gives tests the real surroundings of the program, each test
// its own: a sound server, a display, databases, the built program, processes of
// it. What a test asked for ends with the test. Methods fail the test themselves
// and may be called from the test's goroutine only.
package testenv

import (
	"context"
	"os"
	"testing"
	"time"

	"foyer/internal/drive"
)

// Stream is somebody who plays or records.
type Stream = drive.Stream

// PulseServer is a private sound server with the devices "speaker" and "mic".
type PulseServer struct {
	*drive.Pulse
	t testing.TB
}

// Pulse starts a private sound server. Its clients need [drive.Pulse.Env].
func Pulse(t testing.TB) *PulseServer {
	t.Helper()
	// Not t.TempDir: a socket's path may be no longer than 107 bytes.
	dir, err := os.MkdirTemp("", "fy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p, err := drive.StartPulse(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return &PulseServer{p, t}
}

// UsePulse starts one and makes it the sound server of this test's process.
func UsePulse(t *testing.T) *PulseServer {
	t.Helper()
	p := Pulse(t)
	t.Setenv("PULSE_SERVER", p.Server)
	t.Setenv("XDG_RUNTIME_DIR", p.Dir)
	return p
}

// FeedMic says samples (48 kHz mono) into the microphone and returns when they
// were heard.
func (p *PulseServer) FeedMic(ctx context.Context, samples []int16) {
	p.t.Helper()
	if err := p.Pulse.FeedMic(ctx, samples); err != nil && ctx.Err() == nil {
		p.t.Errorf("feed the microphone: %v", err)
	}
}

// RecordSpeaker listens for d to what is played.
func (p *PulseServer) RecordSpeaker(ctx context.Context, d time.Duration) []int16 {
	p.t.Helper()
	s, err := p.Pulse.RecordSpeaker(ctx, d)
	if err != nil {
		p.t.Errorf("record the speaker: %v", err)
	}
	return s
}

// SourceOutputs lists who records.
func (p *PulseServer) SourceOutputs() []Stream {
	p.t.Helper()
	s, err := p.Pulse.SourceOutputs(context.WithoutCancel(p.t.Context()))
	if err != nil {
		p.t.Errorf("list who records: %v", err)
	}
	return s
}

// SinkInputs lists who plays.
func (p *PulseServer) SinkInputs() []Stream {
	p.t.Helper()
	s, err := p.Pulse.SinkInputs(context.WithoutCancel(p.t.Context()))
	if err != nil {
		p.t.Errorf("list who plays: %v", err)
	}
	return s
}

// Display starts a private X server and returns its name, ":N".
func Display(t testing.TB) string {
	t.Helper()
	return display(t, false).Name
}

// ManagedDisplay is a display with a window manager.
func ManagedDisplay(t testing.TB) *drive.Display {
	t.Helper()
	return display(t, true)
}

func display(t testing.TB, managed bool) *drive.Display {
	t.Helper()
	d, err := drive.StartDisplay(t.Context(), managed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
