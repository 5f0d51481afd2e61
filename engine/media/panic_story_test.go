package media

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
)

// A bug in what reads a stranger's bytes costs one track: it is logged once,
// with its stack, and everything closes. Without the guard these tests end the
// process.

// panickingRead is a track whose packets break the reader.
type panickingRead struct{ *fakeTrack }

func (panickingRead) ReadRTP([]byte) (int, error) { panic("packet") }

func TestPanicEndsReceiver(t *testing.T) {
	for name, make := range map[string]func() (call.RemoteTrack, *fakeTrack){
		"reader": func() (call.RemoteTrack, *fakeTrack) {
			f := newFakeTrack()
			return panickingRead{f}, f
		},
		"decoder": func() (call.RemoteTrack, *fakeTrack) {
			f := newFakeTrack()
			f.onKey = func() { panic("decoder") } // asked by the goroutine that decodes
			return f, f
		},
		"unknown codec": func() (call.RemoteTrack, *fakeTrack) {
			f := newFakeTrack()
			f.mime = "video/AV1"
			return panickingRead{f}, f
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, hook := logtest.NewNullLogger()
			m := New(Config{Log: log})
			defer m.Close()
			track, inner := make()
			r := m.Receive(track)
			waitForLog(t, hook)
			if name == "decoder" {
				select {
				case <-inner.stop:
				case <-time.After(5 * time.Second):
					t.Fatal("the track is read on without a decoder")
				}
			}
			if s := r.Stats(); s.SID != "TR_1" {
				t.Errorf("stats: %+v", s)
			}
			if img, _ := r.Slot().Latest(); img != nil {
				t.Error("a frame is shown")
			}
			r.Close()
			if n := errorsIn(hook); n != 1 {
				t.Errorf("%d entries in the log", n)
			}
		})
	}
}

type panickingCamera struct{ *fakeCamera }

func (panickingCamera) ReadFrame(*call.VideoFrame) error { panic("camera") }

type panickingLocal struct{ *fakeLocal }

func (panickingLocal) WriteFrame(call.EncodedFrame) error { panic("track") }

func TestPanicEndsPump(t *testing.T) {
	t.Run("camera", func(t *testing.T) {
		log, hook := logtest.NewNullLogger()
		p := newVideoPump(panickingCamera{newFakeCamera(64, 48)}, log)
		waitForLog(t, hook)
		p.Close()
	})
	t.Run("sender", func(t *testing.T) {
		log, hook := logtest.NewNullLogger()
		camera := newFakeCamera(64, 48)
		p := newVideoPump(camera, log)
		p.Send(panickingLocal{newFakeLocal(call.Layer{Width: 64, Height: 48, FPS: 30, Bitrate: 100_000})})
		camera.numbers <- 1
		waitForLog(t, hook)
		camera.numbers <- 2 // the preview goes on
		camera.Close()
		p.Close()
		if n := errorsIn(hook); n != 1 {
			t.Errorf("%d entries in the log", n)
		}
	})
}

func errorsIn(hook *logtest.Hook) (n int) {
	for _, e := range hook.AllEntries() {
		if e.Level == logrus.ErrorLevel && e.Data["stack"] != "" {
			n++
		}
	}
	return n
}

func waitForLog(t *testing.T, hook *logtest.Hook) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for errorsIn(hook) == 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("no panic was logged")
		}
	}
}
