package media

import (
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// fakeMicrophone is silent until it is closed.
type fakeMicrophone struct{ *fakeCamera }

func (m fakeMicrophone) ReadFrame() {} // not a VideoCapture

func (m fakeMicrophone) ReadAudio(dst []int16) error {
	select {
	case <-m.closed:
		return call.ErrClosed
	case <-time.After(time.Duration(len(dst)) * time.Second / call.SampleRate):
		clear(dst)
		return nil
	}
}

// fakeUnknown is a device of no known kind.
type fakeUnknown struct{ call.Handle }

func TestMediaDispatch(t *testing.T) {
	m := New(Config{Log: silent.Log()})
	cam, mic := newFakeCamera(64, 48), fakeMicrophone{newFakeCamera(0, 0)}
	mic.source = call.SourceMicrophone
	camera, microphone := m.Capture(cam), m.Capture(mic)
	if camera.Preview() == nil || microphone.Preview() != nil {
		t.Error("a camera has a preview, a microphone none")
	}
	unknown := m.Capture(fakeUnknown{cam})
	if unknown.Preview() != nil || unknown.Stats().Source != call.SourceCamera {
		t.Error("a device of no kind does something")
	}
	unknown.Send(nil)
	unknown.Close()

	video := m.Receive(newFakeTrack())
	audio := newFakeTrack()
	audio.mime, audio.info = "audio/opus", call.Track{SID: "TR_2", Source: call.SourceMicrophone, Kind: call.KindAudio}
	heard := m.Receive(audio)
	if video.Slot() == nil || heard.Slot() != nil {
		t.Error("frames have a slot, audio has none")
	}
	_ = cam.Close()
	_ = mic.Close()
	for _, c := range []closer{camera, microphone, video, heard} {
		c.Close()
		c.Close()
	}
	if len(m.open) != 0 {
		t.Errorf("%d left open", len(m.open))
	}
	m.SetSpeaker(nil)
	m.Close()
}

// TestUnknownCodec: the track is read and nothing is shown.
func TestUnknownCodec(t *testing.T) {
	m := New(Config{Log: silent.Log()})
	defer m.Close()
	track := newFakeTrack()
	track.mime = "video/AV1"
	r := m.Receive(track)
	for range 3 {
		track.give(make([]byte, 1000))
	}
	track.give(make([]byte, 5000)) // longer than the buffer
	r.Close()
	if st := r.Stats(); st.Bytes < 2000 || st.FramesDecoded != 0 || st.SID != "TR_1" {
		t.Errorf("%+v", st)
	}
	if img, _ := r.Slot().Latest(); img != nil {
		t.Error("a frame")
	}
}

// TestMediaCloseClosesAll: what the engine left open ends with Media, and what
// comes afterwards ends at once.
func TestMediaCloseClosesAll(t *testing.T) {
	m := New(Config{Log: silent.Log()})
	cam := newFakeCamera(64, 48)
	m.Capture(cam)
	for range 5 {
		m.Receive(newFakeTrack())
	}
	_ = cam.Close()
	m.Close()
	late := newFakeTrack()
	m.Receive(late)
	select {
	case <-late.stop:
	default:
		t.Error("a track received after Close is read")
	}
}

// TestClockOfParticipant: the frame follows the audio of the same participant
// and kind, whichever came first.
func TestClockOfParticipant(t *testing.T) {
	c := clocks{playing: map[clockKey]playoutClock{}}
	now := time.Now()
	camera := c.follow(clockKey{"PA_1", call.SourceCamera})
	screen := c.follow(clockKey{"PA_1", call.SourceScreen})
	playing := func(p playoutClock) bool {
		_, _, ok := p.PlayoutTime()
		return ok
	}
	if playing(camera) {
		t.Error("a clock out of nothing")
	}
	mic, old := clockKey{"PA_1", call.SourceMicrophone}, audioAt{local: now}
	c.add(mic, old)
	if !playing(camera) || playing(screen) {
		t.Error("the camera follows the microphone, the screen does not")
	}
	c.add(mic, audioAt{local: now, delay: 1})
	c.remove(mic, old)
	if !playing(camera) {
		t.Error("the newer audio was removed with the older one")
	}
	c.remove(mic, audioAt{local: now, delay: 1})
	if playing(camera) {
		t.Error("a removed audio plays")
	}
}

// TestLipSyncFollows: small changes of the audio's delay are followed smoothly,
// large ones at once.
func TestLipSyncFollows(t *testing.T) {
	begin := time.Now()
	clock := &steppedClock{ntp: begin, at: begin}
	s := lipSync{clock: clock, rate: 90000, report: func() (time.Time, uint32, bool) { return begin, 0, true }}
	wait := func(delay time.Duration) time.Duration {
		clock.at = begin.Add(delay)
		return s.due(0, begin).Sub(begin)
	}
	if got := wait(50 * time.Millisecond); got != 50*time.Millisecond {
		t.Errorf("first: %v", got)
	}
	if got := wait(130 * time.Millisecond); got != 60*time.Millisecond {
		t.Errorf("small step: %v", got)
	}
	for range 60 {
		wait(130 * time.Millisecond)
	}
	if got := wait(130 * time.Millisecond); got < 129*time.Millisecond {
		t.Errorf("after a while: %v", got)
	}
	if got := wait(400 * time.Millisecond); got != 400*time.Millisecond {
		t.Errorf("large step: %v", got)
	}
}

type steppedClock struct{ ntp, at time.Time }

func (c *steppedClock) PlayoutTime() (ntp, at time.Time, ok bool) { return c.ntp, c.at, true }
