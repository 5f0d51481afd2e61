package engine_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

func camera() engine.Join {
	c := joinCommand()
	c.Devices = engine.Choice{Camera: "cam", Microphone: "mic", Speaker: call.DeviceNone}
	return c
}

func TestMute_CameraIsReleasedMicrophoneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(camera())
		settle()
		s := r.dialer.Last()
		r.do(engine.Mute{Source: call.SourceCamera})
		r.do(engine.Mute{Source: call.SourceMicrophone})
		settle()
		if r.devices.Find(call.SourceCamera) != nil || r.devices.Find(call.SourceMicrophone) == nil {
			t.Error("a muted camera must be free, a muted microphone open")
		}
		if !s.Muted(call.SourceCamera) || !s.Muted(call.SourceMicrophone) || r.media.Sending(call.SourceMicrophone) != nil {
			t.Error("not muted")
		}
		if n := len(of[call.TrackMuted](r)); n != 2 {
			t.Errorf("%d TrackMuted", n)
		}
		r.do(engine.Unmute{Source: call.SourceCamera})
		r.do(engine.Unmute{Source: call.SourceMicrophone})
		settle()
		if s.Muted(call.SourceCamera) || r.media.Sending(call.SourceCamera) == nil || r.media.Sending(call.SourceMicrophone) == nil {
			t.Error("not unmuted")
		}
		if n := len(of[call.TrackUnmuted](r)); n != 2 {
			t.Errorf("%d TrackUnmuted", n)
		}
		if s.Published() != 2 {
			t.Errorf("%d publications: mute must keep them", s.Published())
		}
		r.end()
	})
}

func TestToggles_TheLastWishWins(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			random := newRandom(seed)
			r := newRig(t, func(r *rig, _ *engine.Config) {
				short := func() enginetest.Step {
					return enginetest.Step{Delay: time.Duration(random.IntN(200)) * time.Millisecond}
				}
				r.dialer.On = func(string) enginetest.Step { return short() }
				r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step { return short() }
				r.devices.OnClose = func(call.Device) enginetest.Step { return short() }
			})
			r.do(camera())
			settle()
			src := []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceScreen}[random.IntN(3)]
			r.do(engine.Publish{Source: src, Device: "cam"})
			want, muted, device := true, false, "cam"
			for range random.IntN(30) {
				switch random.IntN(5) {
				case 0:
					r.do(engine.Publish{Source: src, Device: device})
					want, muted = true, false
				case 1:
					_ = r.try(engine.Unpublish{Source: src})
					want, muted = false, false
				case 2:
					muted = r.try(engine.Mute{Source: src}) == nil || muted
				case 3:
					if r.try(engine.Unmute{Source: src}) == nil {
						muted = false
					}
				case 4:
					device = []string{"cam", "cam2"}[random.IntN(2)]
					r.do(engine.SelectDevice{Source: src, Device: device})
				}
				pass(time.Duration(random.IntN(100)) * time.Millisecond)
			}
			pass(10 * time.Second)
			s := r.dialer.Last()
			open, sending := r.devices.Find(src), r.media.Sending(src)
			if (s.Track(src) != nil) != want || s.Muted(src) != (want && muted) || (sending != nil) != (want && !muted) {
				t.Errorf("seed %d: %s want %v muted %v: track %v, muted %v, sending %v",
					seed, src, want, muted, s.Track(src) != nil, s.Muted(src), sending != nil)
			}
			wantOpen := want && (!muted || src == call.SourceMicrophone)
			if (open != nil) != wantOpen || open != nil && open.Info().Name != device {
				t.Errorf("seed %d: %s open %v, want %v on %s", seed, src, open != nil, wantOpen, device)
			}
			if n := len(of[call.CommandFailed](r)); n != 0 {
				t.Errorf("seed %d: %d commands failed", seed, n)
			}
			r.end()
		})
	}
}

func TestPublish_LayersFollowTheCapture(t *testing.T) {
	type size struct{ w, h, fps int }
	for _, c := range []struct {
		source call.Source
		size   size
		want   []call.Layer
	}{
		{call.SourceCamera, size{1280, 720, 30}, []call.Layer{
			{Width: 320, Height: 180, FPS: 20, Bitrate: 160_000}, {Width: 640, Height: 360, FPS: 20, Bitrate: 450_000},
			{Width: 1280, Height: 720, FPS: 30, Bitrate: 1_700_000},
		}},
		{call.SourceCamera, size{640, 360, 30}, []call.Layer{
			{Width: 320, Height: 180, FPS: 20, Bitrate: 160_000}, {Width: 640, Height: 360, FPS: 30, Bitrate: 450_000},
		}},
		{call.SourceCamera, size{320, 180, 15}, []call.Layer{{Width: 320, Height: 180, FPS: 15, Bitrate: 160_000}}},
		{call.SourceCamera, size{0, 0, 0}, []call.Layer{ // it does not say: what was asked for
			{Width: 320, Height: 180, FPS: 20, Bitrate: 160_000}, {Width: 640, Height: 360, FPS: 20, Bitrate: 450_000},
			{Width: 1280, Height: 720, FPS: 30, Bitrate: 1_700_000},
		}},
		{call.SourceScreen, size{1280, 720, 60}, []call.Layer{{Width: 1280, Height: 720, FPS: 15, Bitrate: 1_500_000}}},
		{call.SourceScreen, size{3840, 2160, 15}, []call.Layer{{Width: 3840, Height: 2160, FPS: 15, Bitrate: 2_500_000}}},
		{call.SourceMicrophone, size{}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(r *rig, _ *engine.Config) {
				r.devices.Size = func(call.DeviceRequest) (int, int, int) { return c.size.w, c.size.h, c.size.fps }
			})
			r.joined()
			r.do(engine.Publish{Source: c.source})
			settle()
			if got := r.dialer.Last().Track(c.source).Spec().Layers; !slices.Equal(got, c.want) {
				t.Errorf("%s %v: layers %+v, want %+v", c.source, c.size, got, c.want)
			}
			r.end()
		})
	}
}

func TestPublish_ASmallerCameraIsPublishedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.Size = func(req call.DeviceRequest) (int, int, int) {
				if req.Device == "small" {
					return 640, 360, 30
				}
				return 1280, 720, 30
			}
		})
		s := r.joined()
		r.do(engine.SelectDevice{Source: call.SourceCamera, Device: "small"})
		settle()
		if n := len(s.Track(call.SourceCamera).Spec().Layers); n != 2 {
			t.Errorf("%d layers", n)
		}
		if r.media.Sending(call.SourceCamera) != call.LocalTrack(s.Track(call.SourceCamera)) {
			t.Error("the new camera is not sent")
		}
		r.end()
	})
}

func TestPublish_Failures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := map[string]error{}
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(m string) enginetest.Step { return enginetest.Step{Err: fail[m]} }
		})
		fail["publish"] = call.ErrRefused
		r.do(camera())
		settle()
		if n := len(of[call.CommandFailed](r)); n != 2 || r.ledger.OpenNow("device") != 0 {
			t.Errorf("%d failures, %d devices open", n, r.ledger.OpenNow("device"))
		}
		delete(fail, "publish")
		r.do(engine.Publish{Source: call.SourceCamera})
		settle()
		fail["mute"] = errors.New("no")
		r.do(engine.Mute{Source: call.SourceCamera})
		settle()
		if f := last[call.CommandFailed](r); f.Command != "mute" || r.devices.Find(call.SourceCamera) != nil {
			t.Errorf("%+v: whatever the server says, nothing may be sent", f)
		}
		r.do(engine.Unmute{Source: call.SourceCamera})
		settle()
		if f := last[call.CommandFailed](r); f.Command != "unmute" || r.devices.Find(call.SourceCamera) != nil {
			t.Errorf("%+v: what the server keeps muted must not record", f)
		}
		r.wantState(call.StateJoined)
		r.end()
	})
}

func TestHost_MutesAndTakesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tellEarly func()
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(m string) enginetest.Step {
				if m == "publish" && tellEarly != nil {
					tellEarly()
					tellEarly = nil
				}
				return enginetest.Step{}
			}
		})
		s := r.joined()
		s.Tell(call.LocalTrackMuted{SID: s.Track(call.SourceCamera).SID()})
		settle()
		if ev := last[call.TrackMuted](r); !ev.ByHost || !ev.Local || r.devices.Find(call.SourceCamera) != nil {
			t.Errorf("muted by the host: %+v", ev)
		}
		r.do(engine.Unmute{Source: call.SourceCamera})
		settle()
		if r.media.Sending(call.SourceCamera) == nil {
			t.Error("our own unmute is ours to decide")
		}
		s.Tell(call.LocalTrackGone{SID: s.Track(call.SourceMicrophone).SID()})
		settle()
		if ev := last[call.TrackUnpublished](r); ev.Track.Source != call.SourceMicrophone || r.devices.Find(call.SourceMicrophone) != nil {
			t.Errorf("taken away: %+v", ev)
		}
		// The mute arrives before Publish has returned the track's SID.
		tellEarly = func() { s.Tell(call.LocalTrackMuted{SID: "TR_1_3"}) }
		r.do(engine.Publish{Source: call.SourceScreen})
		settle()
		if ev := last[call.TrackMuted](r); ev.Track.Source != call.SourceScreen || r.devices.Find(call.SourceScreen) != nil {
			t.Errorf("early mute: %+v", ev)
		}
		r.end()
	})
}

// TestHost_MutesBeforeTheServerAnswers: we unmute, and the host mutes us before the
// server has said yes. We are told, and who did it.
func TestHost_MutesBeforeTheServerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var between func()
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(m string) enginetest.Step {
				if m == "mute" && between != nil {
					between()
				}
				return enginetest.Step{}
			}
		})
		s := r.joined()
		r.do(engine.Mute{Source: call.SourceMicrophone})
		settle()
		if ev := last[call.TrackMuted](r); ev.ByHost {
			t.Errorf("muted by ourselves: %+v", ev)
		}
		sid := s.Track(call.SourceMicrophone).SID()
		between = func() { s.Tell(call.LocalTrackMuted{SID: sid}) }
		r.do(engine.Unmute{Source: call.SourceMicrophone})
		settle()
		if ev := last[call.TrackMuted](r); !ev.ByHost || ev.Track.Source != call.SourceMicrophone {
			t.Errorf("muted by the host: %+v", ev)
		}
		if r.media.Sending(call.SourceMicrophone) != nil {
			t.Error("it sends on")
		}
		r.end()
	})
}

func TestDeviceLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		for _, src := range []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker} {
			r.devices.Lose(src)
			settle()
			if ev := last[call.DeviceLost](r); ev.Device.Source != src || !errors.Is(ev.Err, call.ErrDeviceLost) {
				t.Errorf("lost %+v", ev)
			}
		}
		r.wantState(call.StateJoined)
		if !s.Muted(call.SourceCamera) || r.devices.Find(call.SourceCamera) != nil {
			t.Error("a lost camera must be muted and closed")
		}
		for _, src := range []call.Source{call.SourceMicrophone, call.SourceSpeaker} {
			if d := r.devices.Find(src); d == nil || !d.Info().Default {
				t.Errorf("no default %s in its place", src)
			}
		}
		if r.media.Sending(call.SourceMicrophone) == nil || r.media.Speaker() == nil {
			t.Error("the default devices are not used")
		}
		r.devices.Lose(call.SourceMicrophone) // once only
		r.devices.Lose(call.SourceSpeaker)
		settle()
		if r.devices.Find(call.SourceMicrophone) != nil || !s.Muted(call.SourceMicrophone) || r.media.Speaker() != nil {
			t.Error("after the second loss it must be off")
		}
		r.do(engine.Unmute{Source: call.SourceMicrophone})
		r.do(engine.SelectDevice{Source: call.SourceSpeaker, Device: "loud"})
		r.do(engine.Unmute{Source: call.SourceCamera})
		settle()
		if r.media.Sending(call.SourceMicrophone) == nil || r.media.Speaker() == nil || r.media.Sending(call.SourceCamera) == nil {
			t.Error("the user's own wish works again")
		}
		r.end()
	})
}

// A file or a tone that ends must not be replaced by a live microphone.
func TestDeviceLost_NoLiveMicrophoneForAFile(t *testing.T) {
	for _, device := range []string{call.DeviceTest, "/tmp/voice.wav", "voice.WAV"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			c := camera()
			c.Devices.Microphone = device
			r.do(c)
			settle()
			r.devices.Lose(call.SourceMicrophone)
			settle()
			if d := r.devices.Find(call.SourceMicrophone); d != nil {
				t.Errorf("%s was replaced by %v", device, d.Info())
			}
			r.end()
		})
	}
}

func TestOpen_IsBounded(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			block := make(chan struct{})
			r := newRig(t, func(r *rig, _ *engine.Config) {
				r.devices.OnOpen = func(req call.DeviceRequest) enginetest.Step {
					if req.Device == "cam" {
						return enginetest.Step{Block: block, Deaf: deaf}
					}
					return enginetest.Step{}
				}
			})
			r.do(engine.StartPreview{Source: call.SourceCamera, Device: "cam"})
			pass(15 * time.Second)
			if n := len(of[call.CommandFailed](r)); n != 1 {
				t.Errorf("%d failures", n)
			}
			r.do(engine.StartPreview{Source: call.SourceCamera, Device: "other"})
			settle()
			if d := r.devices.Find(call.SourceCamera); d == nil || d.Info().Name != "other" {
				t.Error("another camera cannot be opened")
			}
			close(block)
			settle()
			if n := r.ledger.OpenNow("device"); n != 1 {
				t.Errorf("%d devices open: the late one must be closed at once", n)
			}
			r.end()
		})
	}
}
